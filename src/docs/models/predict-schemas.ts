import { allOutputs, type Signature } from '../../models/signature';
import { TRUNCATION_SIDES } from '../../tasks/task-definition';
import type { TensorSpec } from '../../tensor/tensor';
import {
  elementRef,
  ID,
  inputsSchema,
  mayBeEmpty,
  outputsSchema,
  rowSchema,
  type Schema,
} from './tensor-schemas';

/** Outputs with more labels accept any string, to keep the page short. */
const MAX_LABELS = 100;

/** One layout of a prediction: its key and schema in the request and in the response. */
interface Form {
  readonly name: string;
  readonly ask: readonly [key: string, schema: Schema];
  readonly answer: readonly [key: string, schema: Schema];
  /** Number of leading dimensions that the classes of outputs omit. */
  readonly dropped: number;
}

/**
 * Schemas of predictions, with names that start with `identifier`. `Inputs` and `Outputs` are one item. For a model that
 * batches, `InputRows` and `OutputRows` are several items, and `Instance` is an item with empty arrays. `PredictRequest`
 * and `PredictResponse` contain them; for a model that batches, each has three forms.
 */
export function predictSchemas(signature: Signature, identifier: string): Record<string, Schema> {
  const { inputs, batches } = signature;
  const outputs = allOutputs(signature);
  const classes = classSchemas(signature);
  const ref = (name: string) => ({ $ref: `#/components/schemas/${identifier}${name}` });
  const hasInstance = mayBeEmpty(inputs);
  const [ownName, alternatives] = itemSchemas(signature, ref);
  const forms = formsOf(ref, inputs, hasInstance ? 'Instance' : ownName);
  const around = (form: Form, prefix: string) => ({
    [`${prefix}Request`]: request(...form.ask, outputs, signature),
    [`${prefix}Response`]: response(...form.answer, classes(form.dropped)),
  });
  const either = (kind: string) => ({ anyOf: forms.map(({ name }) => ref(`${name}${kind}`)) });
  const schemas = batches
    ? {
        ...alternatives,
        ...(hasInstance ? { Instance: inputsSchema(inputs, 'instance') } : {}),
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

/**
 * The schemas of one item: `Inputs`, with tensors as an alternative if the model has a task; and the name of the one without
 * tensors. Alternatives are named, because generators of clients name types after them.
 */
function itemSchemas(
  { inputs, tensorInputs, task }: Signature,
  ref: (name: string) => Schema,
): readonly [own: string, schemas: Record<string, Schema>] {
  const own = inputsSchema(inputs, 'item');
  if (tensorInputs.length === 0) return ['Inputs', { Inputs: own }];
  const name = task?.text === undefined ? 'PictureInputs' : 'TextInputs';
  const tensors = inputsSchema(tensorInputs, 'item');
  const either = { anyOf: [ref(name), ref('TensorInputs')] };
  return [name, { Inputs: either, [name]: own, TensorInputs: tensors }];
}

/** @param instance name of the schema of an instance. */
function formsOf(
  ref: (name: string) => Schema,
  inputs: readonly TensorSpec[],
  instance: string,
): readonly [Form, ...Form[]] {
  const all = (items: Schema) => ({ type: 'array', minItems: 1, items });
  const [only, ...others] = inputs;
  // The name of the only input is optional.
  const named = all(ref(instance));
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

function request(key: string, schema: Schema, outputs: readonly TensorSpec[], signature: Signature): Schema {
  return {
    type: 'object',
    properties: {
      [key]: schema,
      id: ID,
      outputs: {
        type: 'array',
        uniqueItems: true,
        items: { type: 'string', enum: outputs.map(({ name }) => name) },
        description: outputsText(signature),
      },
      top_k: {
        type: 'integer',
        minimum: 0,
        maximum: 1000,
        description:
          'Number of classes to return for each output that has labels or is a vector of scores for each row. By default 5 for outputs with labels and none for other outputs. 0 returns no classes.',
      },
      parameters: parametersSchema(signature),
    },
    required: [key],
    additionalProperties: false,
  };
}

function outputsText({ extraOutputs }: Signature): string {
  if (extraOutputs.length === 0) return 'The outputs to compute. All outputs if absent or empty.';
  const names = extraOutputs.map(({ name }) => name).join(', ');
  return `The outputs to compute. All outputs except ${names} if absent or empty.`;
}

/** The parameters of a request: of scheduling, and of texts for a model of text. */
function parametersSchema({ task }: Signature): Schema {
  const prompts = Object.keys(task?.text?.prompts ?? {});
  const ofText = {
    ...(prompts.length === 0
      ? {}
      : {
          prompt_name: {
            type: 'string',
            enum: [...prompts, ''],
            description: 'Name of the prompt to put before each text; empty for none.',
          },
        }),
    truncate: {
      type: 'boolean',
      description:
        'Whether texts that are too long are truncated. If false, they are rejected. Default: true.',
    },
    truncation_direction: {
      type: 'string',
      enum: TRUNCATION_SIDES,
      description: 'The side on which texts are truncated.',
    },
  };
  return {
    type: ['object', 'null'],
    properties: {
      priority: { type: 'integer', minimum: 0, description: '1 is the highest, 0 the default of the model.' },
      timeout: {
        type: 'integer',
        minimum: 0,
        description: 'Microseconds until the response is no longer needed.',
      },
      ...(task?.text === undefined ? {} : ofText),
    },
    additionalProperties: { type: ['string', 'number', 'boolean'] },
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

/** The schema of `classes` without the first `dropped` dimensions; undefined if no output contains scores. */
function classSchemas({ outputs, labels, batches }: Signature): (dropped: number) => Schema | undefined {
  const isVector = ({ datatype, shape }: TensorSpec) =>
    datatype !== 'BYTES' && datatype !== 'BOOL' && (shape.length === 2 || (shape.length === 1 && !batches));
  const scored = outputs.filter((spec) =>
    Object.hasOwn(labels, spec.name) ? spec.shape.length > 0 : isVector(spec),
  );
  return (dropped) => {
    if (scored.length === 0) return undefined;
    const properties = scored.map(({ name, datatype, shape }) => {
      const names = Object.hasOwn(labels, name) ? labels[name] : undefined;
      const isListed = names !== undefined && names.length <= MAX_LABELS && shape.at(-1) !== -1;
      const label = { type: 'string', ...(isListed ? { enum: [...new Set(names)] } : {}) };
      const known = names === undefined ? { index: { type: 'integer', minimum: 0 } } : { label };
      const one = {
        type: 'object',
        properties: { ...known, score: elementRef(datatype) },
        required: [...Object.keys(known), 'score'],
        additionalProperties: false,
      };
      const list: Schema = { type: 'array', items: one };
      const rows = shape.slice(dropped, -1);
      return [name, rows.reduceRight<Schema>((items) => ({ type: 'array', items }), list)];
    });
    return {
      type: 'object',
      description: 'The classes of each row with the highest scores, highest first.',
      properties: Object.fromEntries(properties) as Record<string, Schema>,
      additionalProperties: false,
    };
  };
}
