import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Piscina } from 'piscina';
import fc from 'fast-check';
import type { EncodeOptions, Encodings, Tokenizer } from '../../../src/tasks/text/tokenizer';
import type { Tokenizers } from '../../../src/tasks/text/tokenizers';
import { compileCodec } from '../codec/compiled';

const FIXTURES = resolve(__dirname, '../../fixtures/tokenizers');
const KINDS = ['wordpiece', 'bert', 'bytelevel', 'fallback', 'unigram', 'added', 'bare'];

/** Run lengths: value, count, value, count... */
type Runs = readonly number[];

interface Strings {
  readonly strings: string[];
  readonly pairs: [string, string][];
  readonly long: string[];
}

/** What build.py writes from the reference library. */
interface Expected {
  readonly size: number;
  readonly texts: [ids: Runs, offsetSteps: Runs | null][];
  readonly plain: Runs[];
  readonly pairs: [ids: Runs, typeIds: Runs][];
  readonly cut: {
    readonly side: 'left' | 'right';
    readonly most: number;
    readonly texts: [ids: Runs, offsets: Runs][];
    readonly pairs: ([ids: Runs, typeIds: Runs] | null)[];
  }[];
  readonly decoded: string[];
}

/** Parts of a tokenizer.json. */
interface Fixture {
  readonly normalizer?: { readonly normalizers: { precompiled_charsmap?: string }[] };
  readonly post_processor?: { special_tokens: object };
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8'));
const { strings, pairs, long } = read('strings.json') as Strings;
const firsts = pairs.map(([first]) => first);
const seconds = pairs.map(([, second]) => second);

const WHOLE: EncodeOptions = {
  addSpecialTokens: true,
  maxTokens: 10_000,
  maxCharacters: 2 ** 19,
  first: 0,
  truncate: undefined,
  offsets: true,
};

const expanded = (runs: Runs): number[] => {
  const values: number[] = [];
  for (let at = 0; at < runs.length; at += 2)
    for (let count = 0; count < runs[at + 1]!; count += 1) values.push(runs[at]!);
  return values;
};

const sums = (steps: readonly number[]): number[] => {
  let sum = 0;
  return steps.map((step) => (sum += step));
};

/** The rows of `values`, which has `width` values for each token. */
const rows = ({ lengths }: Encodings, values: Int32Array | Uint8Array, width = 1): number[][] => {
  let at = 0;
  return Array.from(lengths, (length) => [...values.subarray(at, (at += length * width))]);
};

const ended = (pool: Piscina): Promise<unknown> =>
  Promise.all(pool.threads.map((thread) => thread.terminate()));

const folder = compileCodec();
const temporary = mkdtempSync(join(tmpdir(), 'nexus-tokenizers-'));
const compiled = require(join(folder, 'src/tasks/text/tokenizers.js')) as { Tokenizers: typeof Tokenizers };
const tokenizers = new compiled.Tokenizers();
/** For tests that end a thread. */
const { pool } = tokenizers as unknown as { pool: Piscina };

const loadFixture = (kind: string): Promise<Tokenizer> => tokenizers.load(join(FIXTURES, `${kind}.json`));

afterAll(async () => {
  await tokenizers.onApplicationShutdown();
  rmSync(folder, { recursive: true });
  rmSync(temporary, { recursive: true });
});

it('no thread runs before a tokenizer is loaded', () => {
  expect(pool.threads).toHaveLength(0);
});

describe.each(KINDS)('%s, as the reference library', (kind) => {
  const expected = read(`${kind}.expected.json`) as Expected;
  let tokenizer: Tokenizer;

  beforeAll(async () => {
    tokenizer = await loadFixture(kind);
  });

  afterAll(() => {
    tokenizer.close();
  });

  it('has the size of the vocabulary', () => {
    expect(tokenizer.vocabularySize).toBe(expected.size);
  });

  it('encodes odd strings', async () => {
    const encodings = await tokenizer.encode(strings, undefined, WHOLE);
    expect(rows(encodings, encodings.ids)).toEqual(expected.texts.map(([ids]) => expanded(ids)));
    const offsets = rows(encodings, encodings.offsets!, 2);
    const known = expected.texts.flatMap(([, steps], index) =>
      steps === null ? [] : [[index, steps] as const],
    );
    expect(known.length).toBeGreaterThan(400);
    expect(known.map(([index]) => offsets[index])).toEqual(known.map(([, steps]) => sums(expanded(steps))));
  });

  it('encodes without special tokens', async () => {
    const encodings = await tokenizer.encode(strings.slice(-60), undefined, {
      ...WHOLE,
      addSpecialTokens: false,
    });
    expect(rows(encodings, encodings.ids)).toEqual(expected.plain.map(expanded));
  });

  it('encodes pairs', async () => {
    const encodings = await tokenizer.encode(firsts, seconds, WHOLE);
    expect(rows(encodings, encodings.ids)).toEqual(expected.pairs.map(([ids]) => expanded(ids)));
    expect(rows(encodings, encodings.typeIds)).toEqual(expected.pairs.map(([, types]) => expanded(types)));
  });

  it('truncates texts on either side, for several requests at once', async () => {
    const results = await Promise.all(
      expected.cut.map(({ most, side }) =>
        tokenizer.encode(long, undefined, { ...WHOLE, maxTokens: most, truncate: side }),
      ),
    );
    for (const [index, encodings] of results.entries()) {
      const { texts } = expected.cut[index]!;
      expect(rows(encodings, encodings.ids)).toEqual(texts.map(([ids]) => expanded(ids)));
      expect(rows(encodings, encodings.offsets!, 2)).toEqual(texts.map(([, offsets]) => expanded(offsets)));
    }
  });

  it('truncates the second text of pairs', async () => {
    for (const { most, side, pairs: cutPairs } of expected.cut) {
      const results = await Promise.allSettled(
        pairs.map(([first, second]) =>
          tokenizer.encode([first], [second], { ...WHOLE, maxTokens: most, truncate: side }),
        ),
      );
      for (const [index, result] of results.entries()) {
        const reference = cutPairs[index];
        if (result.status === 'rejected') {
          expect(reference).toBeNull();
          expect(result.reason).toMatchObject({ kind: 'invalid', code: 'invalid_input' });
        } else {
          expect([[...result.value.ids], [...result.value.typeIds]]).toEqual(reference?.map(expanded));
        }
      }
    }
  });

  it('decodes', async () => {
    const encodings = await tokenizer.encode(strings.slice(-60), undefined, WHOLE);
    expect(await tokenizer.decode(rows(encodings, encodings.ids), true)).toEqual(expected.decoded);
  });

  it('covers well-formed strings with offsets', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { maxLength: 5 }),
        async (texts) => {
          const { lengths, ids, typeIds, offsets } = await tokenizer.encode(texts, undefined, WHOLE);
          expect(lengths).toHaveLength(texts.length);
          const total = lengths.reduce((sum, length) => sum + length, 0);
          expect([ids.length, typeIds.length, offsets!.length]).toEqual([total, total, 2 * total]);
          const tokens = await tokenizer.tokens(texts, true);
          expect(tokens.flat().map(({ id }) => id)).toEqual([...ids]);
          for (const [index, ofText] of tokens.entries())
            for (const { special, text, start, stop } of ofText) {
              if (special) expect([start, stop]).toEqual([null, null]);
              else expect(text).toBe(texts[index]!.slice(start!, stop!));
              // A token is no half of a character.
              expect(text.isWellFormed()).toBe(true);
            }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a tokenizer', () => {
  let tokenizer: Tokenizer;

  beforeAll(async () => {
    tokenizer = await loadFixture('wordpiece');
  });

  const refusal = (message: string) => ({ kind: 'invalid', code: 'invalid_input', message });

  it('shows the tokens of a text', async () => {
    const [tokens] = await tokenizer.tokens(['\u{1F600} The'], true);
    expect(tokens).toEqual([
      { id: 2, text: '[CLS]', special: true, start: null, stop: null },
      { id: 1, text: '\u{1F600}', special: false, start: 0, stop: 2 },
      { id: expect.any(Number) as number, text: 'T', special: false, start: 3, stop: 4 },
      { id: expect.any(Number) as number, text: 'he', special: false, start: 4, stop: 6 },
      { id: 3, text: '[SEP]', special: true, start: null, stop: null },
    ]);
  });

  it('encodes no texts, and many', async () => {
    expect(await tokenizer.encode([], undefined, WHOLE)).toMatchObject({
      lengths: new Int32Array(),
      ids: new Int32Array(),
    });
    const many = Array.from({ length: 1000 }, (_, index) => 'a '.repeat(index % 300));
    const { lengths, ids, offsets } = await tokenizer.encode(many, undefined, WHOLE);
    expect([...lengths]).toEqual(many.map((text) => text.length / 2 + 2));
    expect(ids.at(-1)).toBe(3);
    expect([...offsets!.subarray(-4)]).toEqual([196, 197, 0, 0]);
  });

  it('leaves out offsets that nobody asked for', async () => {
    expect((await tokenizer.encode(['a'], undefined, { ...WHOLE, offsets: false })).offsets).toBeUndefined();
  });

  it.each([
    [
      'too many tokens',
      ['a', 'a a a a'],
      undefined,
      { maxTokens: 5 },
      'text 1 has 6 tokens, but the limit is 5; shorten it or allow truncation',
    ],
    [
      'too many tokens in a late piece',
      [...Array.from({ length: 200 }, () => 'a'), 'a a a a'],
      undefined,
      { maxTokens: 5 },
      'text 200 has 6 tokens, but the limit is 5; shorten it or allow truncation',
    ],
    [
      'a pair of too many tokens',
      ['a a'],
      ['a a a'],
      { maxTokens: 7 },
      'pair 0 has 8 tokens, but the limit is 7; shorten it or allow truncation',
    ],
    [
      'no room for the second text',
      ['a a a a'],
      ['a'],
      { maxTokens: 6, truncate: 'right' },
      'pair 0 has 8 tokens, but the limit is 6, and its first text leaves no room for the second; shorten the first text',
    ],
    [
      'no room for special tokens',
      ['a'],
      undefined,
      { maxTokens: 1, truncate: 'left' },
      'the limit of 1 tokens is too low for the special tokens of the model; raise it',
    ],
    [
      'too many characters',
      ['a', 'a'.repeat(1251)],
      undefined,
      { maxCharacters: 1250, first: 2 },
      'text 3 has 1251 characters, but the limit is 1250; shorten it',
    ],
    [
      'too many characters in a second text',
      ['a'],
      ['a'.repeat(1251)],
      { maxCharacters: 1250, first: 2 },
      'second text 2 has 1251 characters, but the limit is 1250; shorten it',
    ],
    [
      'half of a surrogate pair',
      ['a', 'b\ud83d'],
      undefined,
      {},
      String.raw`text 1 has half of a surrogate pair (\uD800 to \uDFFF); send valid Unicode`,
    ],
  ] as const)('refuses %s', async (_what, texts, others, options, message) => {
    await expect(tokenizer.encode(texts, others, { ...WHOLE, ...options })).rejects.toMatchObject(
      refusal(message),
    );
  });

  it('refuses ids outside the vocabulary, and endless lists of them', async () => {
    for (const id of [-1, 0.5, NaN, tokenizer.vocabularySize, 2 ** 31, 2 ** 53])
      await expect(tokenizer.decode([[1], [2, id]], true)).rejects.toMatchObject(
        refusal(`list 1 has the token id ${id}, which is not in the vocabulary of the model`),
      );
    const many = Array.from({ length: 2 ** 15 + 1 }, () => 5);
    await expect(tokenizer.decode([many], true)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('refuses endless texts for clients', async () => {
    await expect(tokenizer.tokens(['a'.repeat(2 ** 19 + 1)], true)).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  it('continues after its thread has ended', async () => {
    const before = await tokenizer.encode(strings, undefined, WHOLE);
    await ended(pool);
    expect(await tokenizer.encode(strings, undefined, WHOLE)).toEqual(before);
    const [during] = await Promise.all([tokenizer.encode(strings, undefined, WHOLE), ended(pool)]);
    expect(during).toEqual(before);
  });

  it('does not mistake a file that was replaced for its own', async () => {
    const path = join(temporary, 'replaced.json');
    copyFileSync(join(FIXTURES, 'wordpiece.json'), path);
    const replaced = await tokenizers.load(path);
    copyFileSync(join(FIXTURES, 'bert.json'), path);
    expect((await replaced.encode(['a'], undefined, WHOLE)).ids).toHaveLength(3);
    await ended(pool);
    await expect(replaced.encode(['a'], undefined, WHOLE)).rejects.toThrow(/has changed since it was loaded/);
    replaced.close();
  });

  it('is not used after it is closed', async () => {
    const closed = await loadFixture('wordpiece');
    closed.close();
    closed.close();
    await expect(closed.encode(['a'], undefined, WHOLE)).rejects.toMatchObject({ code: 'not_ready' });
    expect((await tokenizer.encode(['a'], undefined, WHOLE)).ids).toHaveLength(3);
  });
});

describe('a file', () => {
  const wordpiece = read('wordpiece.json') as { model: object };

  it.each([
    ['that is empty', '', /^t\.json: is not valid JSON \(EOF/],
    ['of broken JSON', '{"version":\n\n1,', /^t\.json: is not valid JSON \(.*line 3/],
    ['of other JSON', '[1]', /^t\.json: is not a tokenizer \(invalid type: sequence/],
    ['without a model', '{"version":"1.0"}', /^t\.json: is not a tokenizer/],
    [
      'of an unknown type',
      JSON.stringify({ ...wordpiece, model: { type: 'Foo' } }),
      /^t\.json: has a model of type "Foo"; expected BPE, WordPiece, Unigram, WordLevel$/,
    ],
    ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /^t\.json: is not valid UTF-8$/],
  ])('%s is refused in one line', async (_what, contents, message) => {
    const path = join(temporary, 't.json');
    writeFileSync(path, contents);
    await expect(tokenizers.load(path)).rejects.toThrow(message);
    await expect(tokenizers.load(path)).rejects.toThrow(/^[^\n]*$/);
  });

  it.each([
    [
      'when it is loaded',
      'unigram',
      (file: Fixture) => (file.normalizer!.normalizers[0]!.precompiled_charsmap = 'AAAA'),
      /Cannot parse precompiled_charsmap/,
    ],
    [
      'when it encodes',
      'wordpiece',
      (file: Fixture) => (file.post_processor!.special_tokens = {}),
      /no entry found for key/,
    ],
  ])('that would end the process %s is refused in one line', async (_when, kind, spoil, message) => {
    const path = join(temporary, 't.json');
    const file = read(`${kind}.json`) as Fixture;
    spoil(file);
    writeFileSync(path, JSON.stringify(file));
    await expect(tokenizers.load(path)).rejects.toThrow(message);
    await expect(tokenizers.load(path)).rejects.toThrow(/^t\.json: ends the process that loads it [^\n]*$/);
  });

  it('that is missing, a folder, or too large is refused', async () => {
    const path = join(temporary, 'tokenizer.json');
    await expect(tokenizers.load(path)).rejects.toThrow('tokenizer.json: cannot be read (ENOENT)');
    writeFileSync(path, '');
    truncateSync(path, 64 * 2 ** 20 + 1);
    await expect(tokenizers.load(path)).rejects.toThrow(
      'tokenizer.json: has 65 MiB, but at most 64 MiB are allowed',
    );
    rmSync(path);
    mkdirSync(path);
    await expect(tokenizers.load(path)).rejects.toThrow('tokenizer.json: expected a regular file');
  });
});

it('after the shutdown, work is refused', async () => {
  const others = new compiled.Tokenizers();
  const tokenizer = await others.load(join(FIXTURES, 'bert.json'));
  await others.onApplicationShutdown();
  await expect(tokenizer.encode(['a'], undefined, WHOLE)).rejects.toMatchObject({ kind: 'unavailable' });
  tokenizer.close();
});
