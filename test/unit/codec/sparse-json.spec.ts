import fc from 'fast-check';
import { NexusError } from '../../../src/common/nexus-error';
import { decodePrediction } from '../../../src/rest/predict/decode';
import { decodeV2Request } from '../../../src/rest/v2/codec/decode-request';
import { parseSparseJson } from '../../../src/tensor/json/sparse-json';
import type { TensorSpec } from '../../../src/tensor/tensor';
import { nestedText, numberText, space } from './number-texts';

/** With a byte order mark, a body is read with JSON.parse alone. */
const MARK = '\ufeff';

/** The result or the refusal of `decode` for `text`. */
function outcome(decode: (body: Buffer) => unknown, text: string): unknown {
  try {
    return decode(Buffer.from(text));
  } catch (error) {
    if (error instanceof NexusError) return error.message;
    throw error;
  }
}

const COUNT = 1024;
const SHAPES = [[COUNT], [1, COUNT], [4, 256], [2, 2, 256], [1023], [2, 512, 1]];

/** An item of a tensor, most often a valid one. */
const item = fc.oneof(
  { weight: 60, arbitrary: numberText },
  {
    weight: 1,
    arbitrary: fc.constantFrom('null', '"NaN"', 'NaN', '-Infinity', '1e999', '[1]', 'true', '01', '1e39'),
  },
);

/** Long data, whose items repeat. */
const data = fc
  .tuple(
    fc.oneof(
      fc.array(numberText, { minLength: 1, maxLength: 30 }),
      fc.array(item, { minLength: 1, maxLength: 30 }),
    ),
    fc.constantFrom(...SHAPES),
    fc.array(space, { minLength: 1, maxLength: 3 }),
  )
  .map(([items, shape, spaces]) =>
    nestedText(
      Array.from({ length: COUNT }, (_, index) => items[index % items.length]!),
      shape,
      spaces,
    ),
  );

const shuffled = (members: readonly string[]) =>
  fc.shuffledSubarray([...members], { minLength: members.length }).map((some) => some.join(' , '));

const datatype = fc.constantFrom(
  'FP32',
  'FP32',
  'FP32',
  'FP64',
  'FP16',
  'INT64',
  'INT32',
  'UINT8',
  'BOOL',
  'BYTES',
);

const v2Input = fc
  .tuple(
    data,
    fc.constantFrom(...SHAPES),
    datatype,
    fc.constantFrom(
      '"name":"x"',
      '"name" : "\\u0078\\"[1,2"',
      '"name":"x","extra":[[1,2]]',
      '"name":"é","data":[1]',
    ),
    fc.constantFrom(
      '"parameters":{}',
      '"parameters":null',
      '"p":{"q":[{"data":[1]}]}',
      '"parameters":{"a":[1]}',
    ),
  )
  .chain(([text, shape, type, ...others]) =>
    shuffled([`"data":${text}`, `"shape":${JSON.stringify(shape)}`, `"datatype":"${type}"`, ...others]),
  )
  .map((members) => `{${members}}`);

const v2Body = fc
  .tuple(
    fc.array(v2Input, { minLength: 1, maxLength: 2 }),
    fc.constantFrom('"id":"7"', '"id":null', '"ids":[]'),
    data,
  )
  .chain(([inputs, id, more]) =>
    fc.oneof(
      { weight: 5, arbitrary: shuffled([`"inputs":[${inputs.join(',')}]`, id]) },
      fc
        .constantFrom('id', 'parameters', 'outputs', 'unknown')
        .chain((key) => shuffled([`"inputs":[${inputs[0]}]`, `"${key}":${more}`])),
    ),
  )
  .map((members) => `{${members}}`);

describe('a V2 request with long arrays of numbers', () => {
  const decode = (body: Buffer) => decodeV2Request(body, undefined);

  it('is decoded or refused as with JSON.parse', () => {
    fc.assert(
      fc.property(v2Body, (text) => {
        expect(outcome(decode, text)).toStrictEqual(outcome(decode, MARK + text));
      }),
      { numRuns: 100 },
    );
  });

  it('is decoded or refused as with JSON.parse when it is damaged', () => {
    const damage = fc.record({
      at: fc.nat(),
      remove: fc.nat(3),
      insert: fc.string({ unit: fc.constantFrom(...'0.-eN[]{},:" \\\u00e9\u0001'.split('')), maxLength: 2 }),
    });
    fc.assert(
      fc.property(v2Body, damage, (text, { at, remove, insert }) => {
        const start = at % text.length;
        const damaged = text.slice(0, start) + insert + text.slice(start + remove);
        expect(outcome(decode, damaged)).toStrictEqual(outcome(decode, MARK + damaged));
      }),
      { numRuns: 100 },
    );
  });
});

describe('a prediction with long arrays of numbers', () => {
  const column: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 1] };
  const specs = fc
    .tuple(
      fc.constantFrom(
        [-1, COUNT],
        [-1, -1],
        [-1, 2, -1],
        [-1, 256],
        [-1],
        [COUNT],
        [-1, 512, 1],
        [-1, -1, -1, -1],
      ),
      fc.constantFrom<TensorSpec['datatype']>('FP32', 'FP32', 'INT64', 'UINT8', 'FP64', 'BYTES', 'BOOL'),
    )
    .map(([shape, type]): TensorSpec => ({ name: 'x', datatype: type, shape }));
  const body = data.chain((text) =>
    fc.constantFrom(
      `{"inputs":{"x":${text}}}`,
      `{"inputs":{"x":[${text}]},"id":"7"}`,
      `{"inputs":${text}}`,
      `{"instances":${text}}`,
      `{"instances":[${text}]}`,
      `{"instances":[{"x":${text}},{"x":${text}}]}`,
      `{"instances":[{"x":${text}}],"top_k":${text}}`,
      `{"inputs":{"x":${text},"y":${text}}}`,
      `{"inputs":{"x":${text}},"parameters":${text}}`,
    ),
  );

  it('is decoded or refused as with JSON.parse', () => {
    const forms = fc.constantFrom<'nexus' | 'tensorflow'>('nexus', 'tensorflow');
    fc.assert(
      fc.property(
        body,
        fc.oneof(specs, fc.constant(column)),
        forms,
        fc.boolean(),
        fc.boolean(),
        (text, spec, form, batches, two) => {
          const inputs = two ? [spec, { ...spec, name: 'y' }] : [spec];
          const decode = (bytes: Buffer) =>
            decodePrediction(bytes, { form, inputs, tensorInputs: [], batches });
          expect(outcome(decode, text)).toStrictEqual(outcome(decode, MARK + text));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('long arrays of numbers', () => {
  const numbers = `[${Array.from({ length: 1000 }, () => '0.5').join()}]`;
  const found = (text: string) => parseSparseJson(Buffer.from(text))?.numbers.length;

  it.each([
    [`{"inputs":[{"shape":[1000],"data":${numbers}}]}`, 1],
    [`{"inputs":[{"data":${numbers},"name":"[1"}]}`, 1],
    [`{"a":"\\"[1","data" : [ ${numbers} ] , "b":1}`, 1],
    [`{"instances":[{"x":${numbers}},{"x":${numbers}}]}`, 2],
    [numbers, 1],
  ])('are left out of JSON.parse', (text, count) => {
    expect(found(text)).toBe(count);
  });

  it.each([
    `{"a":"${numbers}"}`,
    `{"a":"${numbers.repeat(2)}\\\\\\"${numbers}"}`,
    `{"data":${numbers},"text":"${'a'.repeat(70_000)}"}`,
    `{"text":"${'a'.repeat(70_000)}","data":${numbers}}`,
    `{"data":${numbers},"id":"\ufffd"}`,
    `${MARK}${numbers}`,
    `{"data":${numbers}`,
    '[1,2,3]',
  ])('are not found in %.20s', (text) => {
    expect(found(text)).toBeUndefined();
  });

  it('that do not end are refused', () => {
    const decode = (body: Buffer) => decodeV2Request(body, undefined);
    for (const text of [`{"inputs":[[${numbers},[1`, `[[${numbers},1`, `[${numbers} `])
      expect(outcome(decode, text)).toMatch('the body is not valid JSON');
  });

  it('are found in linear time', () => {
    for (const piece of ['[', '[1,', '"[1', '{"a":[1,', '"\\\\'])
      expect(found(piece.repeat(500_000))).toBeUndefined();
  });
});

it('reads white space once, however many arrays begin before it', () => {
  // Once for each array would take minutes.
  const body = Buffer.alloc(64 * 2 ** 20, ' ');
  body.write('[1'.repeat(500));
  expect(parseSparseJson(body)).toBeUndefined();
});
