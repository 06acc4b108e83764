import fc from 'fast-check';
import type { LiveDocument, Schema } from './live-document';

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const UINT64 = { min: 0n, max: 2n ** 64n - 1n };

/** JSON with integers of any size. */
export function textOf(body: unknown): string {
  return JSON.stringify(body, (_key, value: unknown) =>
    typeof value === 'bigint' ? (JSON as any).rawJSON(String(value)) : value,
  );
}

/**
 * Bodies that `schema` allows. What it cannot say, they have: arrays of any size are equally long, so that tensors are
 * rectangular and inputs have equally many rows.
 */
export function bodiesOf(schema: Schema, document: LiveDocument): fc.Arbitrary<any> {
  return fc.nat({ max: 3 }).chain((size) => new Bodies(document, size).of(schema));
}

class Bodies {
  constructor(
    private readonly document: LiveDocument,
    private readonly size: number,
  ) {}

  of(reference: Schema): fc.Arbitrary<unknown> {
    const schema = this.document.follow(reference);
    if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => this.of(one)));
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const types = [schema.type ?? []].flat();
    return fc.oneof(...types.map((type) => this.ofType(type, schema)));
  }

  private ofType(type: string, schema: Schema): fc.Arbitrary<unknown> {
    const { minimum: min, maximum: max, format } = schema;
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
        if (format === 'int64') return fc.bigInt(INT64);
        if (format === 'uint64') return fc.bigInt(UINT64);
        return fc.integer({ min: min!, max: max! });
      case 'number':
        return fc.double({ min: min ?? -1e300, max: max ?? 1e300, noNaN: true, noDefaultInfinity: true });
      case 'string':
        return fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.replaceAll('\0', ''));
      case 'array':
        return this.array(schema);
      case 'object':
        return this.object(schema);
    }
    throw new Error(`a schema of type ${type} is new to this test`);
  }

  private array({ items, minItems = 0, maxItems = Infinity, uniqueItems }: Schema): fc.Arbitrary<unknown> {
    const { anyOf, enum: names, properties } = this.document.follow(items!);
    if (uniqueItems) return fc.subarray([...names!]);
    // Of the protocol V2: outputs that are asked for, and all of several inputs, each once.
    if (properties?.['name']?.enum !== undefined)
      return fc.subarray([...properties['name'].enum]).map((listed) => listed.map((name) => ({ name })));
    if (anyOf?.[0]?.properties !== undefined) return fc.tuple(...anyOf.map((one) => this.of(one)));
    const length = Math.min(Math.max(this.size, minItems), maxItems);
    return fc.array(this.of(items!), { minLength: length, maxLength: length });
  }

  private object({ properties = {}, required = [] }: Schema): fc.Arbitrary<object> {
    if ('datatype' in properties) return this.tensor(properties);
    const members = Object.entries(properties).map(([name, schema]) => [name, this.of(schema)]);
    return fc.record(Object.fromEntries(members) as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: [...required],
      noNullPrototype: true,
    });
  }

  /** A tensor of the protocol V2, with as many elements as its shape says. */
  private tensor({ name, datatype, shape, data }: Readonly<Record<string, Schema>>): fc.Arbitrary<object> {
    const sizes = (shape!.prefixItems ?? []).map((dimension) => Number(dimension.const ?? this.size));
    const length = sizes.reduce((product, size) => product * size, 1);
    return fc.record({
      name: this.of(name!),
      datatype: this.of(datatype!),
      shape: fc.constant(sizes),
      data: fc.array(this.of(data!.items!), { minLength: length, maxLength: length }),
    });
  }
}
