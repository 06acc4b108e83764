import type { Entity } from '../../models/task/entities';
import type { Datatype, Shape, TensorSpec } from '../../tensor/tensor';

/** A JSON schema for OpenAPI 3.1. */
export type Schema = Readonly<Record<string, unknown>>;

/** The id of a request, which its response repeats. */
export const ID: Schema = { type: 'string', description: 'Returned in the response.' };

const NON_FINITE = { enum: ['NaN', 'Infinity', '-Infinity'], type: 'string' };

const integer = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const float = (format: string, limit: number): Schema => ({
  anyOf: [{ type: 'number', format, minimum: -limit, maximum: limit }, NON_FINITE],
});

/** The JSON form of an element of each datatype. 64-bit integers keep all digits, although many parsers round them. */
const ELEMENTS: Readonly<Record<Datatype, Schema>> = {
  BOOL: { type: 'boolean' },
  UINT8: integer(0, 2 ** 8 - 1),
  UINT16: integer(0, 2 ** 16 - 1),
  UINT32: integer(0, 2 ** 32 - 1),
  UINT64: { type: 'integer', format: 'uint64', minimum: 0 },
  INT8: integer(-(2 ** 7), 2 ** 7 - 1),
  INT16: integer(-(2 ** 15), 2 ** 15 - 1),
  INT32: integer(-(2 ** 31), 2 ** 31 - 1),
  INT64: { type: 'integer', format: 'int64' },
  FP16: float('float', 65504),
  // The largest value as it is printed, which is slightly above the value itself.
  FP32: float('float', 3.4028235e38),
  FP64: float('double', Number.MAX_VALUE),
  BYTES: { type: 'string', pattern: '^[^\\u0000]*$' },
};

/** Example elements for the documentation; 1 for other datatypes. */
const EXAMPLES: Partial<Record<Datatype, unknown>> = {
  BOOL: true,
  FP16: 0.5,
  FP32: 0.5,
  FP64: 0.5,
  BYTES: 'text',
};

/** Datatypes with NaN, for which requests may contain null. */
const WITH_NAN: readonly Datatype[] = ['FP16', 'FP32', 'FP64'];

/** The components that {@link elementRef} and {@link inputElementRef} refer to, for tensors of these datatypes. */
export function elementSchemas(datatypes: Iterable<Datatype>): Record<string, Schema> {
  return Object.fromEntries(
    [...datatypes].flatMap((datatype) => {
      const description = `An element of datatype ${datatype}.`;
      const examples = [EXAMPLES[datatype] ?? 1];
      const element = [`Element${datatype}`, { ...ELEMENTS[datatype], description, examples }] as const;
      if (!WITH_NAN.includes(datatype)) return [element];
      const orNull = { anyOf: [elementRef(datatype), { type: 'null' }], examples };
      const missing = `An element of datatype ${datatype}, or null for a missing value, which is read as NaN.`;
      return [element, [`Element${datatype}OrNull`, { ...orNull, description: missing }]];
    }),
  );
}

/** Refers to the schema of an element of `datatype`. */
export function elementRef(datatype: Datatype): Schema {
  return { $ref: `#/components/schemas/Element${datatype}` };
}

/** Refers to the schema of an element of an input of `datatype`. */
export function inputElementRef(datatype: Datatype): Schema {
  return { $ref: `#/components/schemas/Element${datatype}${WITH_NAN.includes(datatype) ? 'OrNull' : ''}` };
}

/** An encoded picture in JSON. */
const PICTURE: Schema = {
  type: 'string',
  minLength: 1,
  description: 'A picture (JPEG, PNG, WebP or GIF) in base64, or as a data URL.',
};

/** The list of entities of a text, which is an element of an output of token classification. */
const ENTITIES: Schema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      entity: { type: 'string', description: 'The class of the entity.' },
      score: { type: 'number', description: 'Mean score of its tokens.' },
      start: { type: 'integer', minimum: 0, description: 'Start in the text, in UTF-16 code units.' },
      end: { type: 'integer', minimum: 0, description: 'End in the text, in UTF-16 code units.' },
      text: { type: 'string' },
    } satisfies Record<keyof Entity, Schema>,
    required: ['entity', 'score', 'start', 'end', 'text'] satisfies (keyof Entity)[],
    additionalProperties: false,
  },
};

/** An element of an output in a prediction. */
function outputElement({ datatype, content }: TensorSpec): Schema {
  return content === 'json' ? ENTITIES : elementRef(datatype);
}

/** Arrays nested like `shape`, with exact lengths for fixed dimensions; an element for a scalar. */
function nestedSchema(element: Schema, shape: Shape): Schema {
  return shape.reduceRight<Schema>(
    (items, size) =>
      size < 0 ? { type: 'array', items } : { type: 'array', minItems: size, maxItems: size, items },
    element,
  );
}

/** Like {@link nestedSchema}, with at least one row. */
function rowsSchema(element: Schema, shape: Shape): Schema {
  return { ...nestedSchema(element, shape), minItems: 1 };
}

/** Like {@link nestedSchema}, without empty arrays: the depth of nesting distinguishes one item from several rows. */
function itemSchema(element: Schema, shape: Shape): Schema {
  return shape.reduceRight<Schema>(
    (items, size) => ({
      type: 'array',
      ...(size < 0 ? { minItems: 1 } : { minItems: size, maxItems: size }),
      items,
    }),
    element,
  );
}

/** Forms of inputs in a body: with all dimensions, as rows, as one item, as one item in a list. */
const INPUT_FORMS = { whole: nestedSchema, rows: rowsSchema, item: itemSchema, instance: nestedSchema };

/** One row of an input. */
export function rowSchema(spec: TensorSpec): Schema {
  const [element, shape] = inner(spec);
  return nestedSchema(element, shape.slice(1));
}

/** The element and nesting of an input. A row of an input of shape [n,1] may be an element without its array. */
function inner({ datatype, shape, content }: TensorSpec): [element: Schema, shape: Shape] {
  const element = content === 'picture' ? PICTURE : inputElementRef(datatype);
  if (shape.length !== 2 || shape[1] !== 1) return [element, shape];
  return [{ anyOf: [element, nestedSchema(element, [1])] }, shape.slice(0, 1)];
}

/** Whether an instance may contain empty arrays, which an item may not. */
export function mayBeEmpty(inputs: readonly TensorSpec[]): boolean {
  return inputs.some(({ shape }) => shape.slice(1).includes(-1));
}

/** An object of all `inputs` by name, nested like their shapes. Items and instances omit the first dimension. */
export function inputsSchema(inputs: readonly TensorSpec[], form: keyof typeof INPUT_FORMS): Schema {
  const isItem = form === 'item' || form === 'instance';
  const schema = tensorsSchema(inputs, isItem, INPUT_FORMS[form], inner);
  return { ...schema, required: inputs.map(({ name }) => name) };
}

/** An object of the requested `outputs`, nested like their shapes, without the first dimension if `isItem`. */
export function outputsSchema(outputs: readonly TensorSpec[], isItem: boolean): Schema {
  return tensorsSchema(outputs, isItem, nestedSchema, (spec) => [outputElement(spec), spec.shape]);
}

function tensorsSchema(
  tensors: readonly TensorSpec[],
  isItem: boolean,
  schemaOf: typeof nestedSchema,
  parts: typeof inner,
): Schema {
  const properties = tensors.map((spec) => {
    const [element, nesting] = parts(spec);
    const description = `${spec.datatype} [${spec.shape.join(',')}]${isItem ? ', one row' : ''}`;
    return [spec.name, { ...schemaOf(element, isItem ? nesting.slice(1) : nesting), description }];
  });
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}
