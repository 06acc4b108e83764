import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';
import type { Signature } from '../../models/signature';
import type { Shape, Tensor, TensorSpec } from '../../tensor/tensor';
import { asId, asObject } from '../codec/fields';
import { flatShape } from '../codec/flat-shape';
import { jsonText, readJson } from '../../tensor/json/body';
import { encodeRows } from '../../tensor/json/data';
import { PARAMETER, readParameter } from '../codec/parameters';
import { requestOptionsOf } from '../../inference/request/request-parameters';
import type { DecodedRequest } from '../codec/messages';
import type { ParameterValue } from '../../inference/request/parameters';

/** The model of a request of the generate extension. */
export interface GenerateTarget extends Pick<Signature, 'inputs' | 'outputNames' | 'batches'> {
  readonly model: string;
}

/** A decoded request of the generate extension. It always requests all outputs. */
export interface GenerateRequest extends DecodedRequest {
  readonly id: string | undefined;
}

/** Reserved keys, which cannot be names of tensors. */
const REQUEST_KEYS = ['id', 'parameters'];
const ANSWER_KEYS = ['id', 'model_name', 'model_version'];

/**
 * Decodes the body of a request of the generate extension. Keys that name inputs of the model are tensors, each a value
 * or a flat array of values; all other keys are parameters. Keys of the object `parameters` are treated like keys of the
 * body.
 *
 * @throws invalid for any mistake in the body, and for a model whose tensors cannot be written in this form.
 */
export function decodeGenerateRequest(body: Buffer, target: GenerateTarget): GenerateRequest {
  requireNames(target);
  return readJson(jsonText(body), (value, exact) => new GenerateReader(target, exact).request(value));
}

function requireNames({ model, inputs, outputNames }: GenerateTarget): void {
  const input = inputs.find(({ name }) => REQUEST_KEYS.includes(name))?.name;
  const reserved = input ?? outputNames.find((name) => ANSWER_KEYS.includes(name));
  if (reserved === undefined) return;
  const what = input === undefined ? 'output' : 'input';
  throw unsupported(model, `the name of its ${what} '${reserved}' is reserved in generate`);
}

class GenerateReader {
  private readonly tensors = new Map<string, Tensor>();
  private readonly parameters = new Map<string, ParameterValue>();
  /** What a value must be if its key is not the name of an input. */
  private readonly expected: string;

  /** @param exact whether the body comes from parseExactJson. */
  constructor(
    private readonly target: GenerateTarget,
    private readonly exact: boolean,
  ) {
    const names = target.inputs.map(({ name }) => `'${name}'`).join(', ');
    this.expected = `${PARAMETER} (only inputs can be arrays: ${names})`;
  }

  request(value: unknown): GenerateRequest {
    const { id, parameters, ...members } = asObject(value, 'the body');
    this.read(members, '');
    this.read(asObject(parameters ?? {}, 'parameters'), 'parameters.');
    const pathOf = (name: string) => (Object.hasOwn(members, name) ? name : `parameters.${name}`);
    return {
      id: asId(id),
      ...requestOptionsOf(this.parameters, pathOf),
      inputs: [...this.tensors.values()],
      outputs: [],
    };
  }

  private read(members: Readonly<Record<string, unknown>>, prefix: string): void {
    for (const [name, value] of Object.entries(members)) {
      const path = prefix + name;
      const spec = this.target.inputs.find((input) => input.name === name);
      if (spec === undefined) this.parameters.set(name, readParameter(value, path, this.expected));
      else if (this.tensors.has(name)) throw duplicate(path, name);
      else this.tensors.set(name, this.tensor(value, spec, path));
    }
  }

  private tensor(value: unknown, spec: TensorSpec, path: string): Tensor {
    const { name, datatype } = spec;
    const isArray = Array.isArray(value);
    const elements: readonly unknown[] = isArray ? value : [value];
    const errorFor = (reason: string) => unsupported(this.target.model, reason, path);
    if (Array.isArray(elements[0]))
      throw errorFor('expected a value or a flat array of values, got nested arrays');
    const shape = flatShape(spec, this.dimensionsOf(spec), elements.length, errorFor);
    const where = (_row: number, item: number) => (isArray ? `${path}[${item}]` : path);
    return {
      name,
      datatype,
      shape,
      data: encodeRows([elements], datatype, elements.length, this.exact, where),
    };
  }

  /** As in Triton, the batch has one row if another dimension is variable; otherwise its size follows from the values. */
  private dimensionsOf({ shape }: TensorSpec): Shape {
    return this.target.batches && shape.lastIndexOf(-1) > 0 ? [1, ...shape.slice(1)] : shape;
  }
}

function duplicate(path: string, name: string): NexusError {
  return errors.invalidInput(`${path}: expected each input once, got '${name}' again`, path);
}

function unsupported(model: string, reason: string, path?: string): NexusError {
  const place = path === undefined ? `model '${model}' does not support generate` : path;
  const infer = `/v2/models/${encodeURIComponent(model)}/infer`;
  return errors.invalidInput(
    `${place}: ${reason}; use POST ${infer}, which accepts tensors of any name and shape`,
    path,
  );
}
