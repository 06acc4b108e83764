import type { Signature } from '../../models/model-version';
import type { TensorSpec } from '../../runtime/tensor';
import {
  elementRef,
  inputsSchema,
  mayBeEmpty,
  outputsSchema,
  rowSchema,
  type Schema,
} from './tensor-schemas';

/** More labels would make the page long; they are then any text. */
const MAX_LABELS = 100;

const ID = { type: 'string', description: 'Comes back in the answer.' };

/** One way to lay out a prediction: its key in the request and in the response, and what stands there. */
interface Form {
  readonly name: string;
  readonly ask: readonly [key: string, schema: Schema];
  readonly answer: readonly [key: string, schema: Schema];
  /** First dimensions that the classes of outputs are told without. */
  readonly dropped: number;
}

/**
 * The messages of predictions, named after `identifier`: `<identifier>Inputs` and `Outputs` of one item, for a model
 * that batches `InputRows` and `OutputRows` of several, and `Instance` where one may have what an item may not; around them `PredictRequest` and `PredictResponse`, for a model
 * that batches each with its three forms.
 */
export function predictSchemas(signature: Signature, identifier: string): Record<string, Schema> {
  const { inputs, outputs, batches } = signature;
  const classes = classSchemas(signature);
  const ref = (name: string) => ({ $ref: `#/components/schemas/${identifier}${name}` });
  const forms = formsOf(ref, inputs);
  const around = (form: Form, prefix: string) => ({
    [`${prefix}Request`]: request(...form.ask, outputs),
    [`${prefix}Response`]: response(...form.answer, classes(form.dropped)),
  });
  const either = (kind: string) => ({ anyOf: forms.map(({ name }) => ref(`${name}${kind}`)) });
  const schemas = batches
    ? {
        Inputs: inputsSchema(inputs, 'item'),
        ...(mayBeEmpty(inputs) ? { Instance: inputsSchema(inputs, 'instance') } : {}),
        Outputs: outputsSchema(outputs, true),
        InputRows: inputsSchema(inputs, 'rows'),
        OutputRows: outputsSchema(outputs, false),
        PredictRequest: either('Request'),
        PredictResponse: either('Response'),
        ...Object.assign({}, ...forms.map((form) => around(form, form.name))),
      }
    : {
        Inputs: inputsSchema(inputs, 'whole'),
        Outputs: outputsSchema(outputs, false),
        ...around({ ...forms[0], dropped: 0 }, 'Predict'),
      };
  return Object.fromEntries(
    Object.entries<Schema>(schemas).map(([name, schema]) => [identifier + name, schema]),
  );
}

function formsOf(ref: (name: string) => Schema, inputs: readonly TensorSpec[]): readonly [Form, ...Form[]] {
  const all = (items: Schema) => ({ type: 'array', minItems: 1, items });
  const [only, ...others] = inputs;
  // The name of the only input may be left out.
  const named = all(ref(mayBeEmpty(inputs) ? 'Instance' : 'Inputs'));
  const instances =
    only === undefined || others.length > 0 ? named : { anyOf: [named, all(rowSchema(only))] };
  return [
    { name: 'Item', ask: ['inputs', ref('Inputs')], answer: ['outputs', ref('Outputs')], dropped: 1 },
    { name: 'Rows', ask: ['inputs', ref('InputRows')], answer: ['outputs', ref('OutputRows')], dropped: 0 },
    {
      name: 'Instances',
      ask: ['instances', instances],
      answer: ['predictions', all(ref('Outputs'))],
      dropped: 0,
    },
  ];
}

function request(key: string, schema: Schema, outputs: readonly TensorSpec[]): Schema {
  return {
    type: 'object',
    properties: {
      [key]: schema,
      id: ID,
      outputs: {
        type: 'array',
        uniqueItems: true,
        items: { type: 'string', enum: outputs.map(({ name }) => name) },
        description: 'The outputs to compute; all when absent or empty.',
      },
      top_k: {
        type: 'integer',
        minimum: 0,
        maximum: 1000,
        default: 5,
        description: 'How many classes to tell of outputs that have labels; 0 for none.',
      },
    },
    required: [key],
    additionalProperties: false,
  };
}

function response(key: string, schema: Schema, classes: Schema | undefined): Schema {
  return {
    type: 'object',
    properties: {
      [key]: schema,
      id: ID,
      model: { type: 'string' },
      version: { type: 'string' },
      ...(classes === undefined ? {} : { classes }),
    },
    required: [key, 'model', 'version'],
    additionalProperties: false,
  };
}

/** The schema of `classes`, with so many of the first dimensions left out; undefined where no output has labels. */
function classSchemas({ outputs, labels }: Signature): (dropped: number) => Schema | undefined {
  const labelled = outputs.filter(({ name, shape }) => Object.hasOwn(labels, name) && shape.length > 0);
  return (dropped) => {
    if (labelled.length === 0) return undefined;
    const properties = labelled.map(({ name, datatype, shape }) => {
      const names = labels[name]!;
      const isListed = names.length <= MAX_LABELS && shape.at(-1) !== -1;
      const label = { type: 'string', ...(isListed ? { enum: [...new Set(names)] } : {}) };
      const one = {
        type: 'object',
        properties: { label, score: elementRef(datatype) },
        required: ['label', 'score'],
        additionalProperties: false,
      };
      const list: Schema = { type: 'array', items: one };
      const rows = shape.slice(dropped, -1);
      return [name, rows.reduceRight<Schema>((items) => ({ type: 'array', items }), list)];
    });
    return {
      type: 'object',
      description: 'The largest classes of the outputs that have labels, the largest first.',
      properties: Object.fromEntries(properties) as Record<string, Schema>,
      additionalProperties: false,
    };
  };
}

/** The messages of the Open Inference Protocol V2 for a model, `<identifier>InferRequest` and `InferResponse`. */
export function inferSchemas({ inputs, outputs }: Signature, identifier: string): Record<string, Schema> {
  const parameters = {
    type: ['object', 'null'],
    additionalProperties: { type: ['string', 'number', 'boolean'] },
  };
  const listed = {
    type: 'object',
    properties: { name: { type: 'string', enum: outputs.map(({ name }) => name) }, parameters },
    required: ['name'],
  };
  return {
    [`${identifier}InferRequest`]: {
      type: 'object',
      properties: {
        id: { ...ID, type: ['string', 'null'] },
        parameters,
        inputs: { ...tensors(inputs), minItems: inputs.length, maxItems: inputs.length },
        outputs: {
          type: ['array', 'null'],
          items: listed,
          description: 'The outputs to compute; all when absent or empty.',
        },
      },
      required: ['inputs'],
    },
    [`${identifier}InferResponse`]: {
      type: 'object',
      properties: {
        id: ID,
        model_name: { type: 'string' },
        model_version: { type: 'string' },
        outputs: tensors(outputs),
      },
      required: ['model_name', 'model_version', 'outputs'],
    },
  };
}

/** An array of tensors, each with the name, datatype and shape of one of `specs`. */
function tensors(specs: readonly TensorSpec[]): Schema {
  const items = specs.map(({ name, datatype, shape }) => ({
    type: 'object',
    properties: {
      name: { type: 'string', const: name },
      datatype: { type: 'string', const: datatype },
      shape: {
        type: 'array',
        minItems: shape.length,
        maxItems: shape.length,
        // JSON schema has no empty list of items.
        ...(shape.length === 0 ? {} : { prefixItems: shape.map(dimension) }),
        items: { type: 'integer', minimum: 0 },
        description: `[${shape.join(',')}], where -1 is any size`,
      },
      data: {
        type: 'array',
        items: elementRef(datatype),
        description: 'In row-major order.',
      },
    },
    required: ['name', 'datatype', 'shape', 'data'],
  }));
  return { type: 'array', items: items.length === 1 ? items[0] : { anyOf: items } };
}

function dimension(size: number): Schema {
  return size < 0 ? { type: 'integer', minimum: 0 } : { type: 'integer', const: size };
}
