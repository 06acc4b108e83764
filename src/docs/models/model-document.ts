import type { Servable } from '../../models/model';
import { allOutputs, takesPictures, type Signature } from '../../models/signature';
import type { Datatype, TensorSpec } from '../../tensor/tensor';
import { codeSamples, encoded, examplePath, SERVER, type CodeSample } from './code-samples';
import { exampleBody, exampleItem, inferBody, isTooLong, type Protocol, type Values } from './example-values';
import { camelCase } from './identifiers';
import { inferSchemas } from './infer-schemas';
import { operationObject, type Operation } from './operation';
import { predictSchemas } from './predict-schemas';
import type { Answer } from './real-answers';
import type { Schema } from './tensor-schemas';

/** The part of the OpenAPI document that describes one model. */
export interface ModelDocument {
  readonly tag: { readonly name: string; readonly description: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly schemas: Readonly<Record<string, Schema>>;
  /** The datatypes whose element schemas it refers to. */
  readonly datatypes: ReadonlySet<Datatype>;
  /** Sample code for a prediction. */
  readonly samples: readonly CodeSample[];
}

/** What the operations of a model show. */
interface Shown {
  readonly version: Servable;
  readonly identifier: string;
  readonly tag: string;
  /** Example inputs of one item; undefined if they are too long to show. */
  readonly inputs: Values | undefined;
  readonly answer: Answer | undefined;
  readonly needsKey: boolean;
}

const FORMS =
  'Accepts one item, several items by input name, or one object per item in `instances`. The response has the same layout.';

const PICTURE_BODIES =
  'The body can also be one picture (Content-Type: image/jpeg, image/png, image/webp or image/gif), or a form with pictures as files (multipart/form-data).';

/**
 * Documents `version`, which must be loaded. The names of operations and schemas start with `identifier`.
 * @param answer the responses of the model to its example, if known.
 * @param needsKey whether requests need credentials, which the code samples then send.
 */
export function modelDocument(
  version: Servable,
  identifier: string,
  answer: Answer | undefined,
  needsKey: boolean,
): ModelDocument {
  const { name, signature } = version;
  const { description = '' } = version.options.settings;
  const inputs = exampleItem(version);
  const shown: Shown = { version, identifier, tag: `Model ${name}`, inputs, answer, needsKey };
  const predict = predictOperation(shown);
  return {
    tag: { name: shown.tag, description: description.trim() },
    paths: {
      [pathOf(name, 'predict')]: { post: operationObject(predict) },
      [pathOf(name, 'infer')]: { post: operationObject(inferOperation(shown)) },
    },
    schemas: {
      ...predictSchemas(signature, identifier),
      ...inferSchemas(signature, identifier),
    },
    datatypes: new Set(tensorsOf(signature).map(({ datatype }) => datatype)),
    samples: predict.codeSamples ?? [],
  };
}

function tensorsOf(signature: Signature): readonly TensorSpec[] {
  return [...signature.inputs, ...signature.tensorInputs, ...allOutputs(signature)];
}

function pathOf(model: string, protocol: Protocol): string {
  return `/${protocol === 'predict' ? 'v1' : 'v2'}/models/${encoded(model)}/${protocol}`;
}

function predictOperation(shown: Shown): Operation {
  const { version, identifier, tag, inputs, answer, needsKey } = shown;
  const { name, signature } = version;
  return {
    ...named(identifier, 'Predict'),
    tag,
    summary: `Predict with ${name}`,
    description: described(
      shown,
      'predict',
      signature.batches ? FORMS : 'Accepts every input with all of its dimensions.',
      takesPictures(signature) ? PICTURE_BODIES : '',
    ),
    takesPictures: takesPictures(signature),
    error: 'ErrorAnswer',
    examples: inputs ? predictExamples(inputs, signature.batches) : fetched(version, 'predict'),
    answer: answer?.predict,
    frame: isTooLong(version.signature.outputs)
      ? { model: name, version: version.version, outputs: {} }
      : undefined,
    codeSamples: samplesOf(version, 'predict', inputs && { inputs }, needsKey),
  };
}

function inferOperation(shown: Shown): Operation {
  const { version, identifier, tag, inputs, answer, needsKey } = shown;
  const body = inputs && inferBody(version, inputs);
  return {
    ...named(identifier, 'Infer'),
    takesPictures: false,
    tag,
    summary: `Run ${version.name} with the V2 protocol`,
    description: described(shown, 'infer', 'Runs the model with the Open Inference Protocol V2.'),
    error: 'V2Error',
    examples: body ? { row: { summary: 'One row', value: body } } : fetched(version, 'infer'),
    answer: answer?.infer,
    frame: isTooLong(version.signature.outputs)
      ? { model_name: version.name, model_version: version.version, outputs: [] }
      : undefined,
    codeSamples: samplesOf(version, 'infer', body, needsKey),
  };
}

/** The example as an address, for examples that are too long to show; undefined if the model has no example. */
function fetched(version: Servable, protocol: Protocol): Operation['examples'] {
  if (exampleBody(version, protocol) === undefined) return undefined;
  return {
    fetched: {
      summary: 'All zeros, fetched from the server',
      externalValue: examplePath(version.name, protocol),
    },
  };
}

function samplesOf(
  version: Servable,
  protocol: Protocol,
  body: object | undefined,
  needsKey: boolean,
): Operation['codeSamples'] {
  if (exampleBody(version, protocol) === undefined) return undefined;
  return codeSamples(pathOf(version.name, protocol), body, examplePath(version.name, protocol), needsKey);
}

/** The description of the model, its request formats, and a link to an example that is too long to show. */
function described({ version, inputs }: Shown, protocol: Protocol, ...forms: readonly string[]): string {
  const isFetched = inputs === undefined && exampleBody(version, protocol) !== undefined;
  const path = examplePath(version.name, protocol);
  return paragraphs(
    version.options.settings.description ?? '',
    ...forms,
    isFetched ? `The example is too long to show. Download it: [${path}](${SERVER}${path}).` : '',
  );
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
  if (!batches) return { inputs: { summary: 'All inputs', value: { inputs: values } } };
  const several = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value, value]]));
  return {
    item: { summary: 'One item', value: { inputs: values } },
    rows: { summary: 'Several items', value: { inputs: several } },
    instances: { summary: 'Instances', value: { instances: [values] } },
  };
}
