import { RunFailure } from '../../../src/runtime/run-failure';
import type { RunResult } from '../../../src/runtime/runner';
import type { PackedTensor } from '../../../src/runtime/slab-layout';
import type { Clock } from '../../../src/common/clock';
import type { Instance } from '../../../src/scheduling/instance';
import type { Job } from '../../../src/scheduling/job';
import { POISON } from './doubler';

/** A run of texts: its shape, and the first token of each. */
interface TextRun {
  readonly rows: number;
  readonly tokens: number;
  readonly texts: readonly number[];
}

/** What padding puts in place of a token. */
export const PAD = 7;

/**
 * An instance for texts. It doubles every token that the mask does not hide, which takes a millisecond for each token,
 * padding included, and checks how the texts are padded.
 */
export class Reader implements Instance {
  readonly runs: TextRun[] = [];

  constructor(private readonly clock: Clock) {}

  run([ids, mask]: readonly PackedTensor[], outputs: readonly string[]): Promise<RunResult> {
    const [rows, tokens] = ids!.shape as [number, number];
    const [values, masks] = [numbersOf(ids!), numbersOf(mask!)];
    expect([values.length, mask!.shape]).toEqual([rows * tokens, ids!.shape]);
    expect(values.every((value, index) => (masks[index] === 0) === (value === PAD))).toBe(true);
    this.runs.push({ rows, tokens, texts: values.filter((_, index) => index % tokens === 0) });
    return new Promise((resolve, reject) => {
      this.clock.after(rows * tokens, () => {
        if (values.includes(POISON)) return reject(new RunFailure('execution', 'poison'));
        const answers = values.map((value, index) => (masks[index] === 0 ? 0 : this.answerTo(value, tokens)));
        const data = new Uint8Array(BigInt64Array.from(answers.map(BigInt)).buffer);
        resolve({
          outputs: outputs.map((name) => ({ name, datatype: 'INT64', shape: [rows, tokens], data })),
          times: { inputMs: 0, runMs: 0, outputMs: 0 },
          waitedMs: 0,
        });
      });
    });
  }

  protected answerTo(value: number, _tokens: number): number {
    return value * 2;
  }
}

/** A job of one text of `length` tokens, each `value`. */
export function textOf(length: number, value = 1, more: Partial<Job> = {}): Job {
  const tensorOf = (name: string, token: number) => ({
    name,
    datatype: 'INT64' as const,
    shape: [1, length],
    data: new Uint8Array(new BigInt64Array(length).fill(BigInt(token)).buffer),
  });
  return {
    inputs: [tensorOf('input_ids', value), tensorOf('attention_mask', 1)],
    outputs: ['y'],
    rows: 1,
    byteLength: 16 * length,
    shapeKey: 'text',
    sequence: { length, fills: [PAD, 0] },
    caller: 'someone',
    priority: 0,
    deadline: Infinity,
    abandoned: undefined,
    ...more,
  };
}

/** The elements of an INT64 tensor. */
export function integersOf(data: Uint8Array): number[] {
  return [...new BigInt64Array(Uint8Array.from(data).buffer)].map(Number);
}

function numbersOf({ chunks }: PackedTensor): number[] {
  return integersOf(Buffer.concat(chunks));
}
