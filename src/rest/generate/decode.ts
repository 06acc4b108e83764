import { errors, type NexusError } from '../../common/errors';
import type { Signature } from '../../models/signature';
import type { Shape, Tensor, TensorSpec } from '../../tensor/tensor';
import { asId, asObject } from '../codec/fields';
import { flatShape } from '../codec/flat-shape';
import { jsonText, readJson } from '../codec/json/body';
import { encodeRows } from '../codec/json/data';
import { PARAMETER, readParameter } from '../codec/parameters';
import { schedulePolicyOf } from '../../inference/request/request-parameters';
import type { DecodedRequest } from '../codec/messages';
import type { ParameterValue } from '../../inference/request/parameters';

/** The model that a body of the generate extension is for. */
export interface GenerateTarget extends Pick<Signature, 'inputs' | 'outputNames' | 'batches'> {
  readonly model: string;
}

/** A request of the generate extension, decoded; it always asks for all outputs. */
export interface GenerateRequest extends DecodedRequest {
  readonly id: string | undefined;
}

/** Keys with a meaning of their own, which a tensor cannot have as its name. */
const REQUEST_KEYS = ['id', 'parameters'];
const ANSWER_KEYS = ['id', 'model_name', 'model_version'];

/**
 * Decodes the body of a request of the generate extension: keys that name inputs of the model are tensors, a value or
 * a flat array of them, and all others parameters; those in the object `parameters` count as if they stood beside it.
 *
 * @throws invalid for everything that is wrong with it, and for a model whose tensors have no such form.
 */
export function decodeGenerateRequest(body: Buffer, target: GenerateTarget): GenerateRequest {
  requireNames(target);
  return readJson(jsonText(body), (value, exact) => new GenerateReader(target, exact).request(value));
}

function requireNames({ model, inputs, outputNames }: GenerateTarget): void {
  const input = inputs.find(({ name }) => REQUEST_KEYS.includes(name))?.name;
  const taken = input ?? outputNames.find((name) => ANSWER_KEYS.includes(name));
  if (taken === undefined) return;
  const what = input === undefined ? 'output' : 'input';
  throw unfit(model, `the name of its ${what} '${taken}' has another meaning in generate`);
}

class GenerateReader {
  private readonly tensors = new Map<string, Tensor>();
  private readonly parameters = new Map<string, ParameterValue>();
  /** What the value of a key that names no input has to be. */
  private readonly expected: string;

  /** @param exact whether the body comes from parseExactJson. */
  constructor(
    private readonly target: GenerateTarget,
    private readonly exact: boolean,
  ) {
    const names = target.inputs.map(({ name }) => `'${name}'`).join(', ');
    this.expected = `${PARAMETER}, for only ${names} may have an array`;
  }

  request(value: unknown): GenerateRequest {
    const { id, parameters, ...members } = asObject(value, 'the body');
    this.read(members, '');
    this.read(asObject(parameters ?? {}, 'parameters'), 'parameters.');
    const pathOf = (name: string) => (Object.hasOwn(members, name) ? name : `parameters.${name}`);
    return {
      id: asId(id),
      ...schedulePolicyOf(this.parameters, pathOf),
      inputs: [...this.tensors.values()],
      outputs: [],
    };
  }

  private read(members: Readonly<Record<string, unknown>>, prefix: string): void {
    for (const [name, value] of Object.entries(members)) {
      const path = prefix + name;
      const spec = this.target.inputs.find((input) => input.name === name);
      if (spec === undefined) this.parameters.set(name, readParameter(value, path, this.expected));
      else if (this.tensors.has(name)) throw twice(path, name);
      else this.tensors.set(name, this.tensor(value, spec, path));
    }
  }

  private tensor(value: unknown, spec: TensorSpec, path: string): Tensor {
    const { name, datatype } = spec;
    const isArray = Array.isArray(value);
    const elements: readonly unknown[] = isArray ? value : [value];
    const refuse = (reason: string) => unfit(this.target.model, reason, path);
    if (Array.isArray(elements[0]))
      throw refuse('expected a value or a flat array of them, got nested arrays');
    const shape = flatShape(spec, this.dimensionsOf(spec), elements.length, refuse);
    const where = (_row: number, item: number) => (isArray ? `${path}[${item}]` : path);
    return {
      name,
      datatype,
      shape,
      data: encodeRows([elements], datatype, elements.length, this.exact, where),
    };
  }

  /** As in Triton, there is one row where another dimension is variable, and as many as the values make otherwise. */
  private dimensionsOf({ shape }: TensorSpec): Shape {
    return this.target.batches && shape.lastIndexOf(-1) > 0 ? [1, ...shape.slice(1)] : shape;
  }
}

function twice(path: string, name: string): NexusError {
  return errors.invalidInput(`${path}: expected each input once, got '${name}' again`, path);
}

function unfit(model: string, reason: string, path?: string): NexusError {
  const place = path === undefined ? `model '${model}' cannot be asked to generate` : path;
  const infer = `/v2/models/${encodeURIComponent(model)}/infer`;
  return errors.invalidInput(`${place}: ${reason}; POST ${infer} takes tensors of any name and shape`, path);
}
