import type { Servable } from '../../models/servable';
import type { Datatype, TensorSpec } from '../../runtime/tensor';
import { codeSamples } from './code-samples';
import { exampleValues, flat, shapeOf, type Values } from './example-values';
import { camelCase } from './identifiers';
import { inferSchemas } from './infer-schemas';
import { operationObject, type Operation } from './operation';
import { predictSchemas } from './predict-schemas';
import type { Schema } from './tensor-schemas';

/** What one model adds to the OpenAPI document. */
export interface ModelDocument {
  readonly tag: { readonly name: string; readonly description: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly schemas: Readonly<Record<string, Schema>>;
  /** What its schemas refer to the elements of. */
  readonly datatypes: ReadonlySet<Datatype>;
}

/** A model as its operations show it. */
interface Shown {
  readonly version: Servable;
  readonly identifier: string;
  readonly tag: string;
  /** Values of the inputs and outputs of one item; undefined when they are too long to show. */
  readonly inputs: Values | undefined;
  readonly outputs: Values | undefined;
}

const FORMS =
  'Takes one item, several by the name of the input, or `instances` one after another; the answer has the same form.';

/** The operations of `version`, which must be loaded; they and their schemas are named after `identifier`. */
export function modelDocument(version: Servable, identifier: string): ModelDocument {
  const { name, signature } = version;
  const { inputs, outputs, batches } = signature;
  const { description = '', example } = version.options.settings;
  const item = (spec: TensorSpec) => (batches ? { ...spec, shape: spec.shape.slice(1) } : spec);
  const shown: Shown = {
    version,
    identifier,
    tag: `Model ${name}`,
    inputs: exampleValues(inputs.map(item), example),
    outputs: exampleValues(outputs.map(item), undefined),
  };
  const path = encodeURIComponent(name);
  const predict = `/v1/models/${path}/predict`;
  return {
    tag: { name: shown.tag, description: description.trim() },
    paths: {
      [predict]: { post: operationObject(predictOperation(shown, predict)) },
      [`/v2/models/${path}/infer`]: { post: operationObject(inferOperation(shown)) },
    },
    schemas: {
      ...predictSchemas(signature, identifier),
      ...inferSchemas(signature, identifier),
    },
    datatypes: new Set([...inputs, ...outputs].map(({ datatype }) => datatype)),
  };
}

function predictOperation({ version, identifier, tag, inputs, outputs }: Shown, path: string): Operation {
  const { name, signature, options } = version;
  const { description = '' } = options.settings;
  return {
    ...named(identifier, 'Predict'),
    tag,
    summary: `Predict with ${name}`,
    description: paragraphs(
      description,
      signature.batches ? FORMS : 'Takes every input with all of its dimensions.',
    ),
    error: 'ErrorAnswer',
    examples: inputs && predictExamples(inputs, signature.batches),
    answer: outputs && { model: name, version: version.version, outputs },
    codeSamples: inputs && codeSamples(path, { inputs }),
  };
}

function inferOperation({ version, identifier, tag, inputs, outputs }: Shown): Operation {
  const { name, signature, options } = version;
  const { description = '' } = options.settings;
  const tensors = (specs: readonly TensorSpec[], values: Values) =>
    specs.map((spec) => tensor(spec, values[spec.name], signature.batches));
  const row = inputs && { summary: 'One row', value: { inputs: tensors(signature.inputs, inputs) } };
  return {
    ...named(identifier, 'Infer'),
    tag,
    summary: `Run ${name} by the protocol V2`,
    description: paragraphs(description, 'The Open Inference Protocol V2 for this model.'),
    error: 'V2Error',
    examples: row && { row },
    answer: outputs && {
      model_name: name,
      model_version: version.version,
      outputs: tensors(signature.outputs, outputs),
    },
    codeSamples: undefined,
  };
}

/** `value` as a tensor of the protocol V2, of one row where the model batches. */
function tensor({ name, datatype }: TensorSpec, value: unknown, batches: boolean): object {
  const shape = shapeOf(value);
  return { name, datatype, shape: batches ? [1, ...shape] : shape, data: flat(value) };
}

function named(identifier: string, verb: string): Pick<Operation, 'operationId' | 'request' | 'response'> {
  return {
    operationId: camelCase(identifier) + verb,
    request: `${identifier}${verb}Request`,
    response: `${identifier}${verb}Response`,
  };
}

function paragraphs(...texts: readonly string[]): string {
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n\n');
}

function predictExamples(values: Values, batches: boolean): NonNullable<Operation['examples']> {
  if (!batches) return { inputs: { summary: 'Every input', value: { inputs: values } } };
  const several = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value, value]]));
  return {
    item: { summary: 'One item', value: { inputs: values } },
    rows: { summary: 'Several items', value: { inputs: several } },
    instances: { summary: 'Instances', value: { instances: [values] } },
  };
}
