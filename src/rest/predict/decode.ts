import { errors } from '../../common/errors';
import { inputsFor } from '../../models/validation';
import type { Tensor, TensorSpec } from '../../tensor/tensor';
import { asArray, asName, asObject } from '../codec/fields';
import { requestOptionsOf, requireUniqueNames } from '../../inference/request/request-parameters';
import { readTensorJson } from '../../tensor/json/body';
import { UnreadNumbers } from '../../tensor/json/unread-numbers';
import { mismatch } from '../../common/mismatch';
import { readParameters } from '../codec/parameters';
import { isBase64Object } from './base64';
import type { DecodedPrediction, PredictionForm, PredictionTarget } from './messages';
import { depthOf, isColumn, nestedTensor } from './nested';

const KEYS: Readonly<Record<PredictionForm, readonly string[]>> = {
  nexus: ['inputs', 'instances', 'outputs', 'top_k', 'parameters', 'id'],
  tensorflow: ['inputs', 'instances', 'signature_name'],
};
const MAX_TOP_K = 1000;

/** The name of the only signature of an ONNX model. */
const SIGNATURE = 'serving_default';

type Inputs = Pick<DecodedPrediction, 'inputs' | 'layout'>;

/**
 * Decodes the body of a prediction: `inputs` by name, or `instances` row by row. In the form of TensorFlow Serving,
 * inputs always have all of their dimensions, and the name of the only input is optional.
 *
 * @throws invalid for any mistake in the body; the message contains its place, what was expected and what was received.
 */
export function decodePrediction(body: Buffer, expected: PredictionTarget): DecodedPrediction {
  if (body.length === 0) throw errors.invalidInput('the body is empty; expected a JSON object with "inputs"');
  return readTensorJson(body, (value, exact) => readPrediction(value, expected, exact));
}

function readPrediction(value: unknown, expected: PredictionTarget, exact: boolean): DecodedPrediction {
  const body = asObject(value, 'the body');
  const keys = KEYS[expected.form];
  const unknown = Object.keys(body).find((name) => !keys.includes(name));
  if (unknown !== undefined)
    throw errors.invalidInput(`${unknown}: unknown key; the allowed keys are ${keys.join(', ')}`, unknown);
  const { inputs, instances } = body;
  if ((inputs === undefined) === (instances === undefined)) {
    const got = inputs === undefined ? 'neither' : 'both';
    throw errors.invalidInput(`expected either inputs or instances, got ${got}`, 'inputs');
  }
  requireSignature(body['signature_name']);
  const read = inputs === undefined ? readInstances : READ_INPUTS[expected.form];
  return {
    id: readId(body['id']),
    ...requestOptionsOf(Object.entries(readParameters(body['parameters'], 'parameters'))),
    ...read(inputs ?? instances, targetFor(inputs ?? instances, expected), exact),
    outputs: readOutputs(body['outputs']),
    topK: readTopK(body['top_k']),
  };
}

/** `target` with the inputs that `value` names: those of the task of the model, or its tensors. */
function targetFor(value: unknown, target: PredictionTarget): PredictionTarget {
  const given = Array.isArray(value) ? (value[0] as unknown) : value;
  if (target.tensorInputs.length === 0 || !isNamed(given)) return target;
  const names = Object.keys(given as object).map((name) => ({ name }));
  return { ...target, inputs: inputsFor(names, target) };
}

function readInputs(value: unknown, { inputs, batches }: PredictionTarget, exact: boolean): Inputs {
  const given = namedInputs(value, 'inputs', inputs);
  if (batches && isSingle(given, inputs)) {
    const tensors = inputs.map((spec) => {
      const where = ([, ...rest]: readonly number[]) => `inputs${key(spec.name)}${subscripts(rest)}`;
      return nestedTensor([given[spec.name]], spec, where, exact);
    });
    return { inputs: tensors, layout: 'single' };
  }
  const tensors = inputs.map((spec) =>
    wholeInput(given[spec.name], spec, `inputs${key(spec.name)}`, batches, exact),
  );
  return { inputs: tensors, layout: 'columns' };
}

/** Like {@link readInputs}, in the form of TensorFlow Serving. */
function readColumns(value: unknown, { inputs, batches }: PredictionTarget, exact: boolean): Inputs {
  const [only, ...others] = inputs;
  if (only !== undefined && others.length === 0 && !isNamed(value))
    return { inputs: [wholeInput(value, only, 'inputs', batches, exact)], layout: 'columns' };
  const given = namedInputs(value, 'inputs', inputs);
  const tensors = inputs.map((spec) =>
    wholeInput(given[spec.name], spec, `inputs${key(spec.name)}`, batches, exact),
  );
  return { inputs: tensors, layout: 'columns' };
}

const READ_INPUTS = { nexus: readInputs, tensorflow: readColumns } as const;

/**
 * Whether `given` is a single item, without the first dimension. For a column, an array of one element can be an item or
 * a row; the other inputs decide.
 * @throws invalid if some inputs can only be an item and others only rows.
 */
function isSingle(given: Readonly<Record<string, unknown>>, inputs: readonly TensorSpec[]): boolean {
  const isItem = (spec: TensorSpec) => {
    const value = given[spec.name];
    const depth = depthOf(value);
    if (!isColumn(spec)) return depth === spec.shape.length - 1;
    return depth === 0 || (depth === 1 && (value as unknown[]).length === 1);
  };
  const rows = inputs.find((spec) => !isItem(spec));
  if (rows === undefined) return inputs.length > 0;
  const item = inputs.find((spec) => isItem(spec) && !(isColumn(spec) && Array.isArray(given[spec.name])));
  if (item === undefined) return false;
  throw errors.invalidInput(
    `inputs: '${item.name}' is a single item, but '${rows.name}' is an array of items; send both in the same form`,
    'inputs',
  );
}

/** Reads an input with all of its dimensions. */
function wholeInput(
  value: unknown,
  spec: TensorSpec,
  path: string,
  batches: boolean,
  exact: boolean,
): Tensor {
  if (batches && Array.isArray(value) && value.length === 0) throw mismatch(path, 'at least one row', value);
  return nestedTensor(value, spec, (indexes) => path + subscripts(indexes), exact);
}

function readInstances(value: unknown, { inputs, batches }: PredictionTarget, exact: boolean): Inputs {
  if (!batches)
    throw errors.invalidInput('instances: the model does not batch rows; send inputs', 'instances');
  if (inputs.length === 1 && value instanceof UnreadNumbers)
    return { inputs: [nestedTensor(value, inputs[0]!, () => 'instances', false)], layout: 'rows' };
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

/** Whether an instance is an object of inputs by name, as opposed to the value of the only input. */
function isNamed(instance: unknown): boolean {
  return (
    typeof instance === 'object' &&
    instance !== null &&
    !Array.isArray(instance) &&
    !(instance instanceof UnreadNumbers) &&
    !isBase64Object(instance)
  );
}

function columnsOf(rows: readonly Record<string, unknown>[], inputs: readonly TensorSpec[]): unknown[][] {
  return inputs.map(({ name }) => rows.map((row) => row[name]));
}

/** Reads an object with exactly the inputs of the model. */
function namedInputs(value: unknown, path: string, inputs: readonly TensorSpec[]): Record<string, unknown> {
  const given = asObject(value, path);
  for (const name of Object.keys(given)) {
    if (!inputs.some((spec) => spec.name === name))
      throw errors.invalidInput(`${path}${key(name)}: unknown input; ${listed(inputs)}`, path + key(name));
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

function readOutputs(value: unknown): DecodedPrediction['outputs'] {
  if (value === undefined) return [];
  const outputs = asArray(value, 'outputs').map((item, index) => ({
    name: asName(item, `outputs[${index}]`),
  }));
  requireUniqueNames(outputs, 'outputs', '');
  return outputs;
}

function readId(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw mismatch('id', 'a string', value);
}

function requireSignature(value: unknown): void {
  if (value === undefined || value === SIGNATURE) return;
  throw mismatch('signature_name', `"${SIGNATURE}", the only signature of every model`, value);
}

/** The number of classes that a request wants; undefined if it sets none. @throws invalid */
export function readTopK(value: unknown): number | undefined {
  if (value === undefined) return undefined;
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
