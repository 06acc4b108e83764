import fc from 'fast-check';
import { POOLINGS, type Pooling } from '../../../src/tasks/head';
import { scoresOf } from '../../../src/tasks/heads/classification';
import { normalized, pool } from '../../../src/tasks/heads/pooling';
import { splade } from '../../../src/tasks/heads/splade';
import type { TokenTensor } from '../../../src/tasks/heads/token-tensor';
import { bestClasses } from '../../../src/tasks/heads/token-classification';

type Vector = readonly number[];

/** Texts as vectors of their tokens, each with whether it is of the text. */
type Text = readonly { readonly vector: Vector; readonly isToken: boolean }[];

const number = fc.float({ min: -100, max: 100, noNaN: true });

const texts = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }))
  .chain(([rows, tokens, size]) => {
    const vector = fc.array(number, { minLength: size, maxLength: size });
    const text = fc.array(fc.record({ vector, isToken: fc.boolean() }), {
      minLength: tokens,
      maxLength: tokens,
    });
    return fc.array(text, { minLength: rows, maxLength: rows });
  });

function tensorOf(rows: readonly Text[]): TokenTensor {
  const all = rows.flat();
  return {
    values: Float32Array.from(all.flatMap(({ vector }) => vector)),
    rows: rows.length,
    tokens: rows[0]!.length,
    size: all[0]!.vector.length,
    mask: Uint8Array.from(all, ({ isToken }) => Number(isToken)),
  };
}

const add = (vectors: readonly Vector[], weights: Vector): Vector =>
  vectors[0]!.map((_, index) => vectors.reduce((sum, vector, at) => sum + vector[index]! * weights[at]!, 0));

/** The definitions of sentence-transformers, on the tokens that the mask leaves. */
const NAIVE: Record<Pooling, (own: readonly Vector[], positions: Vector) => Vector> = {
  mean: (own) =>
    add(
      own,
      own.map(() => 1 / own.length),
    ),
  mean_sqrt_len: (own) =>
    add(
      own,
      own.map(() => 1 / Math.sqrt(own.length)),
    ),
  weighted_mean: (own, positions) => {
    const sum = positions.reduce((one, other) => one + other);
    return add(
      own,
      positions.map((position) => position / sum),
    );
  },
  cls: (own) => own[0]!,
  last_token: (own) => own.at(-1)!,
  max: (own) => own[0]!.map((_, index) => Math.max(...own.map((vector) => vector[index]!))),
};

const naive = (text: Text, pooling: Pooling): Vector => {
  const own = text.map((token, index) => ({ ...token, index })).filter(({ isToken }) => isToken);
  if (own.length === 0) return text[0]!.vector.map(() => 0);
  return NAIVE[pooling](
    own.map(({ vector }) => vector),
    own.map(({ index }) => index + 1),
  );
};

/** Those of the `expected` numbers that were not found in their place, apart from rounding. */
const missing = (found: Float32Array, expected: Vector) =>
  found.length === expected.length
    ? expected.filter((value, index) => !(Math.abs(found[index]! - value) <= 1e-3 + 1e-5 * Math.abs(value)))
    : expected;

describe('pooling', () => {
  it.each(POOLINGS)('%s is of the tokens that the mask leaves', (pooling) => {
    fc.assert(
      fc.property(texts, (rows) => {
        expect(
          missing(
            pool(tensorOf(rows), [pooling]),
            rows.flatMap((text) => naive(text, pooling)),
          ),
        ).toEqual([]);
      }),
    );
  });

  it('does not depend on what is masked', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(NaN, Infinity, 1e30), (rows, noise) => {
        const tensor = tensorOf(rows);
        const noisy = Float32Array.from(tensor.values, (value, index) =>
          tensor.mask[Math.floor(index / tensor.size)] === 0 ? noise : value,
        );
        expect(pool({ ...tensor, values: noisy }, POOLINGS)).toEqual(pool(tensor, POOLINGS));
        expect(splade({ ...tensor, values: noisy })).toEqual(splade(tensor));
      }),
    );
  });

  it('finds the first and the last token by the mask, on whichever side the padding is', () => {
    const vectors = [[1], [2], [3], [4]];
    const text = (mask: Vector): Text =>
      vectors.map((vector, index) => ({ vector, isToken: mask[index] === 1 }));
    const rows = [text([0, 1, 1, 1]), text([1, 1, 0, 0])];
    expect([...pool(tensorOf(rows), ['cls', 'last_token'])]).toEqual([2, 4, 1, 2]);
  });

  it('concatenates several poolings of a row in their order', () => {
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.constantFrom(...POOLINGS), { minLength: 2, maxLength: 3 }),
        (rows, some) => {
          expect(
            missing(
              pool(tensorOf(rows), some),
              rows.flatMap((text) => some.flatMap((pooling) => naive(text, pooling))),
            ),
          ).toEqual([]);
        },
      ),
    );
  });
});

describe('normalisation', () => {
  it('gives vectors of length 1 in the same direction, and leaves zeros', () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 3, maxLength: 3 }), (vector) => {
        const norm = Math.hypot(...vector);
        const [found, zeros] = [0, 3].map((at) =>
          normalized(Float32Array.from([...vector, 0, 0, 0]), 3).subarray(at, at + 3),
        );
        expect(
          missing(
            found!,
            vector.map((value) => (norm < 1e-12 ? value / 1e-12 : value / norm)),
          ),
        ).toEqual([]);
        expect([...zeros!]).toEqual([0, 0, 0]);
      }),
    );
  });
});

describe('scores', () => {
  const logits = fc.array(fc.float({ min: -2000, max: 2000, noNaN: true }), { minLength: 4, maxLength: 4 });

  it('by softmax are each row its own distribution, also of large logits', () => {
    fc.assert(
      fc.property(logits, (row) => {
        const scores = scoresOf(Float32Array.from([...row, 1, 1, 1, 1]), 4, 'softmax');
        const powers = row.map((logit) => Math.exp(logit - Math.max(...row)));
        const sum = powers.reduce((one, other) => one + other);
        expect(missing(scores, [...powers.map((power) => power / sum), 0.25, 0.25, 0.25, 0.25])).toEqual([]);
      }),
    );
  });

  it('by sigmoid are of each logit alone, and are the logits without an activation', () => {
    fc.assert(
      fc.property(logits, (row) => {
        expect(
          missing(
            scoresOf(Float32Array.from(row), 4, 'sigmoid'),
            row.map((logit) => 1 / (1 + Math.exp(-logit))),
          ),
        ).toEqual([]);
        expect(scoresOf(Float32Array.from(row), 4, 'none')).toEqual(Float32Array.from(row));
      }),
    );
  });
});

describe('sparse embeddings', () => {
  it('are the largest log(1 + relu(logit)) of the tokens of each text', () => {
    fc.assert(
      fc.property(texts, (rows) => {
        const weights = rows.flatMap((text) =>
          text[0]!.vector.map((_, index) =>
            Math.max(
              0,
              ...text
                .filter(({ isToken }) => isToken)
                .map(({ vector }) => Math.log(1 + Math.max(0, vector[index]!))),
            ),
          ),
        );
        expect(missing(splade(tensorOf(rows)), weights)).toEqual([]);
      }),
    );
  });
});

describe('the classes of tokens', () => {
  it('are the best of each, with their scores; of equals the first', () => {
    const { labels, scores } = bestClasses(Float32Array.from([0.25, 0.5, 0.25, 0.5, 0.5, 0]), 3);
    expect([[...labels], [...scores]]).toEqual([
      [1n, 0n],
      [0.5, 0.5],
    ]);
    expect(bestClasses(new Float32Array(0), 3).labels).toHaveLength(0);
  });
});
