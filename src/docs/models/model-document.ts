import type { ModelVersion } from '../../models/model-version';
import type { Datatype } from '../../runtime/tensor';
import { codeSamples } from './code-samples';
import { exampleValues, flat, shapeOf, type Values } from './example-values';
import { camelCase } from './identifiers';
import { inferSchemas, predictSchemas } from './message-schemas';
import { operationObject, type Operation } from './operation';
import type { Schema } from './tensor-schemas';

/** What one model adds to the OpenAPI document. */
export interface ModelDocument {
  readonly tag: { readonly name: string; readonly description: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly schemas: Readonly<Record<string, Schema>>;
  /** What its schemas refer to the elements of. */
  readonly datatypes: ReadonlySet<Datatype>;
}

/** The operations of `version`, which must be loaded; they and their schemas are named after `identifier`. */
export function modelDocument(version: ModelVersion, identifier: string): ModelDocument {
  const { name, signature } = version;
  const { inputs, outputs, batches } = signature;
  const { description = '', example } = version.options.settings;
  const items = inputs.map((spec) => (batches ? { ...spec, shape: spec.shape.slice(1) } : spec));
  const values = exampleValues(items, example);
  const tag = `Model ${name}`;
  const path = encodeURIComponent(name);
  const predict = `/v1/models/${path}/predict`;
  return {
    tag: { name: tag, description: description.trim() },
    paths: {
      [predict]: {
        post: operationObject({
          ...named(identifier, 'Predict'),
          tag,
          summary: `Predict with ${name}`,
          description: paragraphs(
            description,
            batches ? FORMS : 'Takes every input with all of its dimensions.',
          ),
          error: 'ErrorAnswer',
          examples: values === undefined ? {} : predictExamples(values, batches),
          ...(values === undefined ? {} : { codeSamples: codeSamples(predict, { inputs: values }) }),
        }),
      },
      [`/v2/models/${path}/infer`]: {
        post: operationObject({
          ...named(identifier, 'Infer'),
          tag,
          summary: `Run ${name} by the protocol V2`,
          description: paragraphs(description, 'The Open Inference Protocol V2 for this model.'),
          error: 'V2Error',
          examples: values === undefined ? {} : inferExamples(version, values),
        }),
      },
    },
    schemas: {
      ...predictSchemas(signature, identifier),
      ...inferSchemas(signature, identifier),
    },
    datatypes: new Set([...inputs, ...outputs].map(({ datatype }) => datatype)),
  };
}

const FORMS =
  'Takes one item, several by the name of the input, or `instances` one after another; the answer has the same form.';

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

function predictExamples(values: Values, batches: boolean): Operation['examples'] {
  if (!batches) return { inputs: { summary: 'Every input', value: { inputs: values } } };
  const several = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value, value]]));
  return {
    item: { summary: 'One item', value: { inputs: values } },
    rows: { summary: 'Several items', value: { inputs: several } },
    instances: { summary: 'Instances', value: { instances: [values] } },
  };
}

function inferExamples({ signature }: ModelVersion, values: Values): Operation['examples'] {
  const inputs = signature.inputs.map(({ name, datatype }) => {
    const shape = shapeOf(values[name]);
    return { name, datatype, shape: signature.batches ? [1, ...shape] : shape, data: flat(values[name]) };
  });
  return { row: { summary: 'One row', value: { inputs } } };
}
