import { quote } from '../../common/quote';
import { BINARY_EXTENSION, SCHEDULE_EXTENSION } from '../../open-inference/http';
import type { RemoteModel } from '../connection';
import { checkedModel, type DescribedTensor } from '../model-check';
import { TargetFailure } from '../target-failure';

/** Maximum number of inputs and of outputs. */
const MAX_TENSORS = 1024;

/** What a target says about itself and its model. */
export interface V2Description {
  readonly model: RemoteModel;
  /** Whether tensors are sent as bytes after the JSON. */
  readonly isBinary: boolean;
  /** Whether the target understands the parameters `priority` and `timeout`. */
  readonly hasSchedule: boolean;
}

/**
 * Reads the metadata of a model.
 * @param extensions of the target.
 * @throws TargetFailure `garbage` if it is not metadata, `misconfigured` if the gateway cannot use the model.
 */
export function descriptionOf(metadata: Buffer, extensions: readonly string[]): V2Description {
  const message = objectOf(metadata);
  const platform = typeof message.platform === 'string' ? message.platform : '';
  const inputs = tensorsIn(message.inputs, 'inputs');
  const model = checkedModel(platform, inputs, tensorsIn(message.outputs, 'outputs'));
  const isBinary = extensions.includes(BINARY_EXTENSION);
  const half = [...model.inputs, ...model.outputs].find(({ datatype }) => datatype === 'FP16');
  if (half !== undefined && !isBinary)
    throw new TargetFailure(
      'misconfigured',
      `tensor ${quote(half.name)} is FP16, which JSON cannot contain, and the target lacks ${BINARY_EXTENSION}`,
    );
  return {
    model,
    isBinary,
    hasSchedule: isBinary || extensions.includes(SCHEDULE_EXTENSION),
  };
}

/** The extensions in the metadata of a server; empty if it names none. @throws TargetFailure `garbage` */
export function extensionsIn(metadata: Buffer): readonly string[] {
  const { extensions } = objectOf(metadata);
  return Array.isArray(extensions) ? extensions.filter((name) => typeof name === 'string') : [];
}

/** Whether the body of a readiness check says that the model is not ready. An empty body says nothing. */
export function deniesReadiness(body: Buffer): boolean {
  try {
    return (JSON.parse(body.toString('utf8')) as { ready?: unknown } | null)?.ready === false;
  } catch {
    return false;
  }
}

function objectOf(json: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw garbage('expected a JSON object, got something else');
}

function tensorsIn(value: unknown, field: string): readonly DescribedTensor[] {
  if (!Array.isArray(value) || value.length > MAX_TENSORS)
    throw garbage(`expected an array of at most ${MAX_TENSORS} ${field}`);
  return value.map((item: unknown, index) => tensorOf(item, `${field}[${index}]`));
}

/** The forms of its fields. Their values are checked later. */
function tensorOf(item: unknown, path: string): DescribedTensor {
  const { name, datatype, shape } = (item ?? {}) as Record<string, unknown>;
  const isShape = Array.isArray(shape) && shape.every((size) => typeof size === 'number');
  if (typeof name === 'string' && typeof datatype === 'string' && isShape) return { name, datatype, shape };
  throw garbage(`expected a name, a datatype and a shape of ${path}`);
}

function garbage(problem: string): TargetFailure {
  return new TargetFailure('garbage', `the metadata of the target is not valid: ${problem}`);
}
