import type { Datatype, Shape, TensorSpec } from '../../runtime/tensor';

/** A JSON schema, as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>;

/** The id of a request, which its answer repeats. */
export const ID: Schema = { type: 'string', description: 'Comes back in the answer.' };

const NON_FINITE = { enum: ['NaN', 'Infinity', '-Infinity'], type: 'string' };

const integer = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const float = (format: string, limit: number): Schema => ({
  anyOf: [{ type: 'number', format, minimum: -limit, maximum: limit }, NON_FINITE],
});

/** An element of each datatype in JSON. 64-bit integers are sent in all their digits; many readers round them. */
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
  FP32: float('float', 3.4028234663852886e38),
  FP64: float('double', Number.MAX_VALUE),
  BYTES: { type: 'string', pattern: '^[^\\u0000]*$' },
};

/** Elements as documentation pages show them; 1 for the others. */
const EXAMPLES: Partial<Record<Datatype, unknown>> = {
  BOOL: true,
  FP16: 0.5,
  FP32: 0.5,
  FP64: 0.5,
  BYTES: 'text',
};

/** The components that {@link elementRef} refers to, for tensors of these datatypes. */
export function elementSchemas(datatypes: Iterable<Datatype>): Record<string, Schema> {
  return Object.fromEntries(
    [...datatypes].map((datatype) => [
      `Element${datatype}`,
      {
        ...ELEMENTS[datatype],
        description: `An element of datatype ${datatype}.`,
        examples: [EXAMPLES[datatype] ?? 1],
      },
    ]),
  );
}

/** Refers to the schema of an element of `datatype`. */
export function elementRef(datatype: Datatype): Schema {
  return { $ref: `#/components/schemas/Element${datatype}` };
}

/** Arrays nested as `shape` says, a fixed dimension with as many items; an element for a scalar. */
function nestedSchema(datatype: Datatype, shape: Shape): Schema {
  return shape.reduceRight<Schema>(
    (items, size) =>
      size < 0 ? { type: 'array', items } : { type: 'array', minItems: size, maxItems: size, items },
    elementRef(datatype),
  );
}

/** As {@link nestedSchema}, of at least one row. */
function rowsSchema(datatype: Datatype, shape: Shape): Schema {
  return { ...nestedSchema(datatype, shape), minItems: 1 };
}

/** As {@link nestedSchema}, without empty arrays: how deep the others are nested tells one item from several rows. */
function itemSchema(datatype: Datatype, shape: Shape): Schema {
  return shape.reduceRight<Schema>(
    (items, size) => ({
      type: 'array',
      ...(size < 0 ? { minItems: 1 } : { minItems: size, maxItems: size }),
      items,
    }),
    elementRef(datatype),
  );
}

/** How inputs stand in a body: with all of their dimensions, as rows, as one item, as one item in a list of them. */
const INPUT_FORMS = { whole: nestedSchema, rows: rowsSchema, item: itemSchema, instance: nestedSchema };

/** One row of an input. */
export function rowSchema({ datatype, shape }: TensorSpec): Schema {
  return nestedSchema(datatype, shape.slice(1));
}

/** Whether an instance may have what an item may not: empty arrays. */
export function mayBeEmpty(inputs: readonly TensorSpec[]): boolean {
  return inputs.some(({ shape }) => shape.slice(1).includes(-1));
}

/** An object of all `inputs` by name, nested as their shapes are; an item and an instance leave out the first dimension. */
export function inputsSchema(inputs: readonly TensorSpec[], form: keyof typeof INPUT_FORMS): Schema {
  const isItem = form === 'item' || form === 'instance';
  const schema = tensorsSchema(inputs, isItem, INPUT_FORMS[form]);
  return { ...schema, required: inputs.map(({ name }) => name) };
}

/** An object of those of `outputs` that are asked for, nested as their shapes are, without the first dimension where `isItem`. */
export function outputsSchema(outputs: readonly TensorSpec[], isItem: boolean): Schema {
  return tensorsSchema(outputs, isItem, nestedSchema);
}

function tensorsSchema(
  tensors: readonly TensorSpec[],
  isItem: boolean,
  schemaOf: typeof nestedSchema,
): Schema {
  const properties = tensors.map(({ name, datatype, shape }) => [
    name,
    {
      ...schemaOf(datatype, isItem ? shape.slice(1) : shape),
      description: `${datatype} [${shape.join(',')}]${isItem ? ', one row of it' : ''}`,
    },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}
