import fc from 'fast-check';
import { readJsonBody } from '../../../../src/inference/forwarding/json-body';
import { wantedNames } from '../../../../src/inference/forwarding/json-bytes';
import { MemberScanner } from '../../../../src/inference/forwarding/member-scanner';
import { jsonTexts, piecesOf } from './json-text';

const NAMES = ['model', 'n', 'messages', 'max_tokens', 'input', 'a "key" \\', 'modèle', ''];

const members = (names: readonly string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 })), { maxLength: 8 });
const cuts = fc.array(fc.nat(), { maxLength: 6 });

function scan(bytes: Buffer, at: readonly number[] = []) {
  const scanner = new MemberScanner(wantedNames(NAMES.slice(0, 5)));
  for (const piece of piecesOf(bytes, at)) scanner.push(piece);
  scanner.end();
  return scanner.members;
}

const read = (json: string) => readJsonBody(Buffer.from(json));
const rewritten = async (json: string, model: string) =>
  Buffer.concat((await read(json)).bodyFor(model)).toString();

describe('the members of an object', () => {
  it('are where JSON.parse finds them, in any spelling and any pieces', () => {
    fc.assert(
      fc.property(jsonTexts(members(NAMES)), cuts, (json, at) => {
        const bytes = Buffer.from(json);
        const parsed = JSON.parse(json) as Record<string, unknown>;
        const found = scan(bytes, at);
        for (const name of NAMES.slice(0, 5)) {
          const span = found.get(name);
          expect(span === undefined).toBe(!Object.hasOwn(parsed, name));
          if (span === undefined) continue;
          expect(JSON.parse(bytes.toString('utf8', span.start, span.end))).toEqual(parsed[name]);
          const value = parsed[name];
          const first: unknown = Array.isArray(value) ? value[0] : undefined;
          expect(span.first && JSON.parse(bytes.toString('utf8', span.first.start, span.first.end))).toEqual(
            first,
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('have as many characters as their strings, without keys and files', () => {
    const count = (value: unknown, key?: string): number => {
      if (typeof value === 'string')
        return ['data', 'file_data', 'b64_json'].includes(key ?? '') || value.startsWith('data:')
          ? 0
          : Array.from(value).length;
      if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + count(item), 0);
      if (typeof value !== 'object' || value === null) return 0;
      return Object.entries(value).reduce((sum, [name, item]) => sum + count(item, name), 0);
    };
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('data:image/png;base64,AAAA'));
    const value = fc.array(
      fc.oneof(text, fc.dictionary(fc.constantFrom('data', 'text', 'file_data'), text), fc.array(text)),
    );
    fc.assert(
      fc.property(value, cuts, (messages, at) => {
        const bytes = Buffer.from(JSON.stringify({ a: 'before', messages, b: 'after' }));
        expect(scan(bytes, at).get('messages')!.characters).toBe(count(messages));
      }),
    );
  });

  it('are no members of objects within it', () => {
    expect([
      ...scan(Buffer.from('{"a":{"model":"x","n":[{"n":1}]},"b":["model",{"model":1}]}')).keys(),
    ]).toEqual([]);
  });
});

describe('the name of the model', () => {
  it('is replaced, and every other byte is kept', async () => {
    const others = members(NAMES.filter((name) => name !== 'model' && name !== ''));
    const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    const withModel = fc
      .tuple(others, names, fc.nat())
      .map(([all, model, at]) => all.toSpliced(at % (all.length + 1), 0, ['model', model]));
    await fc.assert(
      fc.asyncProperty(jsonTexts(withModel), names, async (json, other) => {
        const parsed = JSON.parse(json) as Record<string, unknown>;
        const body = await read(json);
        expect(body.model).toBe(parsed['model']);
        const [before, name, after] = body.bodyFor(other).map((part) => Buffer.from(part).toString());
        expect(json.startsWith(before!) && json.endsWith(after!)).toBe(true);
        expect(JSON.parse(before! + name! + after!)).toEqual({ ...parsed, model: other });
      }),
    );
  });

  it.each([
    ['{"mod\\u0065l" : "a\\"b", "x": 1}', 'a"b'],
    ['\ufeff {"model":"digits"}', 'digits'],
    ['{"stream":true}', undefined],
  ])('of %s is %s', async (json, model) => {
    expect((await read(json)).model).toBe(model);
  });

  it('is escaped as JSON', async () => {
    expect(await rewritten('{"model":"a","x":[1]}', '"\\\n')).toBe('{"model":"\\"\\\\\\n","x":[1]}');
  });
});

describe('what limits count', () => {
  it.each([
    ['{"model":"m","messages":[{"role":"user","content":"Hello"}],"max_tokens":10}', 9, 10],
    ['{"model":"m","prompt":"Hello","max_tokens":10,"n":3}', 5, 30],
    ['{"model":"m","input":["ab","\\u00e9"],"max_output_tokens":7}', 3, 7],
    ['{"model":"m","messages":[],"max_tokens":1,"max_completion_tokens":9}', 0, 9],
    ['{"model":"m","max_tokens":null,"n":null}', 0, 0],
    ['{"model":"m","max_tokens":-4}', 0, 0],
    ['{"model":"m","max_tokens":"many"}', 0, 0],
  ])('in %s', async (json, promptCharacters, maxTokens) => {
    expect(await read(json)).toMatchObject({ promptCharacters, maxTokens });
  });

  it('is the first message for affinity', async () => {
    const { opening } = await read('{"model":"m","messages":[ {"role":"system"} , {"role":"user"}]}');
    expect(Buffer.from(opening!).toString()).toBe('{"role":"system"}');
    expect((await read('{"model":"m","input":"Hi"}')).opening).toEqual(Buffer.from('"Hi"'));
    expect((await read('{"model":"m"}')).opening).toBeUndefined();
  });
});

describe('a body that is no valid request', () => {
  it.each([
    ['', 'expected a JSON object, got nothing'],
    ['[]', "expected a JSON object, got '[' at byte 0"],
    ['"model"', 'expected a JSON object'],
    ['{"model":"m"', 'it ends after 12 bytes'],
    ['{"model":"m', 'within a string'],
    ['{"model" "m"}', "expected ':', got '\"' at byte 9"],
    ['{"model":"m",}', "expected a key in double quotes, got '}' at byte 13"],
    ['{"a":[1,],"model":"m"}', "expected a value, got ']' at byte 8"],
    ['{"a":[1}', "expected ',' or ']', got '}' at byte 7"],
    ['{"model":"m"} x', "expected the end, got 'x' at byte 14"],
    ['{"model":"a","mod\\u0065l":"b"}', 'model: expected it once, got it again at byte 26'],
    ['{"model":1}', 'model: expected the name of a model as a string of 1 to 256 characters'],
    ['{"model":null}', 'got null'],
    ['{"model":""}', 'got 0 characters'],
    ['{"model":{}}', 'model: expected the name of a model'],
    ['{"model":tru}', 'model, at byte 9, is not a valid value'],
    ['{"\\x":1}', 'the key at byte 1 has an escape that does not exist'],
    [`{"model":"${'m'.repeat(300)}"}`, 'got 300 characters'],
    [`{"model":"${'m'.repeat(3000)}"}`, 'got 3002 bytes'],
    [`{"a":${'['.repeat(600)}`, 'at most 512 nested arrays and objects'],
  ])('%s says where it is wrong', (json, message) => {
    expect(() => read(json)).toThrow(message);
  });
});

it('a large body is read in pieces between which the event loop runs', async () => {
  const json = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(8_000_000) }], model: 'm' });
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const body = await read(json);
  isDone = true;
  expect(body).toMatchObject({ model: 'm', promptCharacters: 8_000_004 });
  expect(turns).toBeGreaterThan(1);
  await expect((async () => read(json.slice(0, -1)))()).rejects.toMatchObject({ code: 'invalid_input' });
});
