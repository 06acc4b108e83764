import fc from 'fast-check';
import { readFormBody } from '../../../../src/inference/forwarding/form-body';

const TYPE = 'multipart/form-data; boundary="x y"';

function form(parts: readonly (readonly [string, Buffer | string])[], boundary = 'x y'): Buffer {
  const pieces = parts.flatMap(([head, content]) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

it('the model of a form is replaced, and every other byte is kept', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }),
      fc.boolean(),
      async (file, name, isFirst) => {
        const audio = ['name="file"; filename="a.wav"', Buffer.from(file)] as const;
        const parts = (model: string) => {
          const field = ['name="model"', model] as const;
          return form([['name=stream', 'true'], ...(isFirst ? [field, audio] : [audio, field])]);
        };
        const body = await readFormBody(parts(name), TYPE);
        expect(body.model).toBe(name);
        expect(Buffer.concat(body.bodyFor('whisper'))).toEqual(parts('whisper'));
      },
    ),
  );
});

it('a form may have a preamble, and needs no model', async () => {
  const bytes = Buffer.concat([Buffer.from('hello\r\n'), form([['name="language"', '']])]);
  const body = await readFormBody(bytes, TYPE);
  expect(body.model).toBeUndefined();
  expect(Buffer.concat(body.bodyFor('whisper'))).toEqual(bytes);
});

it('the content of a file that looks like a field is none', async () => {
  const file = 'a\r\n--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nother';
  const body = await readFormBody(
    form([
      ['name="file"', file],
      ['name="model"', 'm'],
    ]),
    TYPE,
  );
  expect(body.model).toBe('m');
});

it.each([
  ['no boundary', 'multipart/form-data', form([]), 'with a boundary, got none'],
  ['another boundary', 'multipart/form-data; boundary=other', form([]), 'expected the boundary'],
  ['no end', TYPE, form([['name="file"', 'abc']]).subarray(0, -8), 'expected the end of the part at byte 5'],
  ['headers without end', TYPE, Buffer.from('--x y\r\nContent-'), 'expected the headers of a part'],
  ['a delimiter without new line', TYPE, Buffer.from('--x yz'), 'expected a new line at byte 5'],
  [
    'two models',
    TYPE,
    form([
      ['name="model"', 'a'],
      ['name=model', 'b'],
    ]),
    'model: expected the field once',
  ],
  [
    'an empty model',
    TYPE,
    form([['name="model"', '']]),
    'model: expected the name of a model as a string of 1',
  ],
  ['a long model', TYPE, form([['name="model"', 'm'.repeat(2000)]]), 'got 2000 bytes'],
  [
    '200 parts',
    TYPE,
    form(Array.from({ length: 200 }, () => ['name="a"', 'b'] as const)),
    'at most 128 parts',
  ],
])('a form with %s is refused', async (_what, type, bytes, message) => {
  await expect(readFormBody(bytes, type)).rejects.toThrow(message);
});
