import { errors } from '../../../../common/errors';
import type { Tensor, TensorSpec } from '../../../../runtime/tensor';
import { asArray, asName, asObject, requireUniqueNames } from '../decode/fields';
import { readJson, textOf } from '../decode/json/body';
import { mismatch } from '../decode/mismatch';
import { isBase64 } from './base64';
import type { Expected, Layout, PredictRequest } from './messages';
import { depthOf, nestedTensor } from './nested';

const KEYS = ['inputs', 'instances', 'outputs', 'top_k', 'id'];
const DEFAULT_TOP_K = 5;
const MAX_TOP_K = 1000;

type Inputs = Pick<PredictRequest, 'inputs' | 'layout'>;

/**
 * Decodes the body of a prediction for a model that takes `expected`: `inputs` by name, or `instances` row by row as
 * TensorFlow Serving has them.
 *
 * @throws invalid for everything that is wrong with it, naming the place, what was expected and what came.
 */
export function decodePredict(body: Uint8Array, expected: Expected): PredictRequest {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.length === 0)
    throw errors.invalidInput('the body is empty; expected a JSON object with "inputs"');
  return readJson(textOf(bytes), (value, exact) => readRequest(value, expected, exact));
}

function readRequest(value: unknown, expected: Expected, exact: boolean): PredictRequest {
  const body = asObject(value, 'the body');
  const strange = Object.keys(body).find((name) => !KEYS.includes(name));
  if (strange !== undefined)
    throw errors.invalidInput(`${strange}: unexpected key; the keys are ${KEYS.join(', ')}`, strange);
  const { inputs, instances } = body;
  if ((inputs === undefined) === (instances === undefined)) {
    const came = inputs === undefined ? 'neither' : 'both';
    throw errors.invalidInput(`expected either inputs or instances, got ${came}`, 'inputs');
  }
  return {
    id: readId(body['id']),
    ...(inputs === undefined
      ? readInstances(instances, expected, exact)
      : readInputs(inputs, expected, exact)),
    outputs: readOutputs(body['outputs']),
    topK: readTopK(body['top_k']),
  };
}

function readInputs(value: unknown, { inputs, batches }: Expected, exact: boolean): Inputs {
  const given = namedInputs(value, 'inputs', inputs);
  const single = inputs.map(({ name, shape }) => batches && depthOf(given[name]) === shape.length - 1);
  const odd = single.indexOf(!single[0]);
  if (odd !== -1) {
    const [one, other] = [inputs[0]!.name, inputs[odd]!.name];
    const [row, rows] = single[0] ? [one, other] : [other, one];
    throw errors.invalidInput(
      `inputs: '${row}' is a single item, but '${rows}' is an array of them; send both in the same way`,
      'inputs',
    );
  }
  const layout: Layout = single[0] === true ? 'single' : 'columns';
  const tensors = inputs.map((spec) => {
    const path = `inputs${key(spec.name)}`;
    const rows = given[spec.name];
    if (layout === 'single')
      return nestedTensor([rows], spec, ([, ...rest]) => path + subscripts(rest), exact);
    if (batches && Array.isArray(rows) && rows.length === 0) throw mismatch(path, 'at least one row', rows);
    return nestedTensor(rows, spec, (indexes) => path + subscripts(indexes), exact);
  });
  return { inputs: tensors, layout };
}

function readInstances(value: unknown, { inputs, batches }: Expected, exact: boolean): Inputs {
  if (!batches)
    throw errors.invalidInput('instances: the model does not take rows of a batch; send inputs', 'instances');
  const instances = asArray(value, 'instances');
  if (instances.length === 0) throw mismatch('instances', 'at least one instance', value);
  const isBare = inputs.length === 1 && !instances.some(isNamed);
  const columns = isBare
    ? [instances]
    : columnsOf(
        instances.map((instance, index) => namedInputs(instance, `instances[${index}]`, inputs)),
        inputs,
      );
  const tensors = inputs.map((spec, index): Tensor => {
    const member = isBare ? '' : key(spec.name);
    const where = ([first, ...rest]: readonly number[]) =>
      first === undefined ? 'instances' : `instances[${first}]${member}${subscripts(rest)}`;
    return nestedTensor(columns[index], spec, where, exact);
  });
  return { inputs: tensors, layout: 'rows' };
}

/** Whether an instance has its inputs by name, and is not the value of the only one. */
function isNamed(instance: unknown): boolean {
  return typeof instance === 'object' && instance !== null && !Array.isArray(instance) && !isBase64(instance);
}

function columnsOf(rows: readonly Record<string, unknown>[], inputs: readonly TensorSpec[]): unknown[][] {
  return inputs.map(({ name }) => rows.map((row) => row[name]));
}

/** An object with every input of the model and nothing else. */
function namedInputs(value: unknown, path: string, inputs: readonly TensorSpec[]): Record<string, unknown> {
  const given = asObject(value, path);
  for (const name of Object.keys(given)) {
    if (!inputs.some((spec) => spec.name === name))
      throw errors.invalidInput(`${path}${key(name)}: unexpected input; ${listed(inputs)}`, path + key(name));
  }
  const missing = inputs.find(({ name }) => !Object.hasOwn(given, name));
  if (missing === undefined) return given;
  const { name, datatype, shape } = missing;
  throw mismatch(path + key(name), `the input, ${datatype} [${shape.join(',')}]`, undefined);
}

function listed(inputs: readonly TensorSpec[]): string {
  const names = inputs.map(({ name, datatype, shape }) => `'${name}' (${datatype} [${shape.join(',')}])`);
  return `the model takes ${names.join(', ')}`;
}

function readOutputs(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const names = asArray(value, 'outputs').map((item, index) => asName(item, `outputs[${index}]`));
  requireUniqueNames(
    names.map((name) => ({ name })),
    'outputs',
    '',
  );
  return names;
}

function readId(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw mismatch('id', 'a string', value);
}

function readTopK(value: unknown): number {
  if (value === undefined) return DEFAULT_TOP_K;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TOP_K)
    return value as number;
  throw mismatch('top_k', `a whole number from 0 to ${MAX_TOP_K}`, value);
}

function key(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function subscripts(indexes: readonly number[]): string {
  return indexes.map((index) => `[${index}]`).join('');
}
