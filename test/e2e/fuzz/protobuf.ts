import fc from 'fast-check';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** Values that mean something somewhere in a request of inference. */
const WORDS = [
  'affine',
  'x',
  'y',
  '1',
  'FP32',
  'BYTES',
  'BF16',
  'classification',
  'timeout',
  'sequence_id',
  '',
];
const DIMENSIONS = Buffer.of(1, 2);

const content = fc.oneof(
  fc.constantFrom(...WORDS).map((word) => Buffer.from(word)),
  fc.constantFrom(DIMENSIONS, Buffer.alloc(8), Buffer.alloc(0)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);
const scalar = fc.oneof(
  fc
    .oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(0n, 1n, 2n, 2n ** 63n, 2n ** 64n - 1n))
    .map(varintField),
  fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    .map((bytes) => ({ type: FIXED64, bytes: Buffer.from(bytes) })),
  fc
    .uint8Array({ minLength: 4, maxLength: 4 })
    .map((bytes) => ({ type: FIXED32, bytes: Buffer.from(bytes) })),
);

interface Value {
  readonly type: number;
  readonly bytes: Buffer;
}

/**
 * Fields of Protocol Buffers, one after another: of the numbers that requests use and of others, of any wire type, with
 * messages in them; well formed, but for a length or a type that is wrong now and then.
 */
export const fields = fc.letrec<{ value: Value; field: Buffer; message: Buffer }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 1, arbitrary: scalar },
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.oneof(content, tie('message')), rarely(fc.integer({ min: -3, max: 300 }), 0))
        .map(delimitedField),
    },
  ),
  field: fc
    .tuple(fc.integer({ min: 1, max: 8 }), tie('value'), rarely(fc.nat(7), undefined))
    .map(([number, { type, bytes }, otherType]) =>
      Buffer.concat([varint(BigInt(number * 8 + (otherType ?? type))), bytes]),
    ),
  message: fc.array(tie('field'), { maxLength: 6 }).map((parts) => Buffer.concat(parts)),
})).message;

function rarely<T, U>(wrong: fc.Arbitrary<T>, right: U): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 30, arbitrary: fc.constant(right) }, wrong);
}

function varintField(value: bigint): Value {
  return { type: VARINT, bytes: varint(value) };
}

function delimitedField([bytes, error]: [Buffer, number]): Value {
  const length = varint(BigInt(Math.max(0, bytes.length + error)));
  return { type: DELIMITED, bytes: Buffer.concat([length, bytes]) };
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.of(...bytes, Number(value >> BigInt(7 * bytes.length)));
}
