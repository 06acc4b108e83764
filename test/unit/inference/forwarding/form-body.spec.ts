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
  [
    'no boundary',
    'multipart/form-data',
    form([]),
    'expected Content-Type multipart/form-data with one boundary',
  ],
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

const HIDDEN = 'expected one Content-Disposition with one name';

// An engine may find a model where the gateway does not, and so run one that its client has no access to.
it.each([
  [
    'a name within that of a file',
    'Content-Disposition: form-data; name="model"; filename="; name=file"',
    'other',
  ],
  [
    'a quote within that of a file',
    'Content-Disposition: form-data; name="model"; filename="a\\"; name=file"',
    'other',
  ],
  ['two names', 'Content-Disposition: form-data; name=file; name="model"', HIDDEN],
  ['a name with a charset', "Content-Disposition: form-data; name=file; name*=UTF-8''model", HIDDEN],
  ['a parameter that is not valid', 'Content-Disposition: form-data; x="; name="model"', HIDDEN],
  [
    'two dispositions',
    'Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=model',
    HIDDEN,
  ],
  ['a folded header', 'Content-Disposition: form-data\r\n ; name=model', 'to be valid'],
  ['a space after the name', 'Content-Disposition : form-data; name=model', 'to be valid'],
  ['half a new line', 'X: a\nContent-Disposition: form-data; name=model', 'to be valid'],
])('a part cannot hide its name: %s', async (_what, head, outcome) => {
  const bytes = Buffer.from(`--x y\r\n${head}\r\n\r\nother\r\n--x y--\r\n`);
  const model = await readFormBody(bytes, TYPE).then(
    (body) => body.model,
    ({ message }: Error) => message,
  );
  expect(model).toContain(outcome);
});

it('a form has one boundary', async () => {
  const type = `${TYPE}; boundary=other`;
  await expect(readFormBody(form([['name="model"', 'a']]), type)).rejects.toThrow('with one boundary');
});

it.each([
  ['name=model', 'spaces'],
  ['name="model";', 'a semicolon at the end'],
  ['filename*=UTF-8\'\'a%20b.wav; name="model"', 'a file name with a charset'],
  ['name="model"; filename="C:\\a b.wav"', 'a path'],
])('a part may have %s', async (head) => {
  expect((await readFormBody(form([[head, 'm']]), TYPE)).model).toBe('m');
});
