import fc from 'fast-check';
import type { Job } from '../../../src/scheduling/job';
import type { SchedulerLimits } from '../../../src/scheduling/limits';
import type { CheckOutcome } from '../../../src/scheduling/observer';
import { Scheduler } from '../../../src/scheduling/scheduler';
import { NOBODY, POISON } from './doubler';
import { integersOf, PAD, Reader, textOf } from './texts';
import { VirtualClock } from './virtual-clock';

const LIMITS: SchedulerLimits = {
  maxBatchRows: 16,
  maxBatchTokens: 64,
  maxQueueDelayUs: 0,
  maxQueueRows: 1e6,
  maxQueueBytes: 1e9,
  timeoutMs: 1000,
};

const LONG_MS = 1e6;

function set(limits: Partial<SchedulerLimits> = {}, Kind = Reader) {
  const clock = new VirtualClock();
  const checks: CheckOutcome[] = [];
  const tokens = { real: 0, padding: 0 };
  const observer = {
    ...NOBODY,
    checked: (outcome: CheckOutcome) => void checks.push(outcome),
    paddedTokens(real: number, padding: number) {
      tokens.real += real;
      tokens.padding += padding;
    },
  };
  const scheduler = new Scheduler('reader', { ...LIMITS, ...limits }, clock, observer);
  const reader = new Kind(clock);
  const send = (job: Job) =>
    scheduler.submit(job).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );
  return { clock, checks, tokens, scheduler, reader, send };
}

describe('sequences, whatever comes', () => {
  const texts = fc.array(
    fc.record({
      length: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 90 })),
      pauseMs: fc.integer({ min: 0, max: 40 }),
      caller: fc.constantFrom('a', 'b', 'c'),
      priority: fc.integer({ min: 1, max: 3 }),
      poison: fc.constantFrom(false, false, false, true),
    }),
    { minLength: 1, maxLength: 40 },
  );
  const limits = fc.record({
    maxBatchRows: fc.integer({ min: 1, max: 9 }),
    maxBatchTokens: fc.option(fc.integer({ min: 1, max: 80 }), { nil: undefined }),
    allowedBatchSizes: fc.option(fc.constant([9]), { nil: undefined }),
    maxQueueDelayUs: fc.constantFrom(0, 5000),
    verifyBatching: fc.constantFrom(0, 1),
  });

  it('are answered once, each with its own tokens, in batches within the limits', async () => {
    await fc.assert(
      fc.asyncProperty(texts, limits, async (plan, drawn) => {
        const given = Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined));
        const { clock, checks, scheduler, reader } = set(given);
        scheduler.add(reader);
        const outcomes: string[] = [];
        for (const [index, { length, pauseMs, poison, ...who }] of plan.entries()) {
          const value = poison ? POISON : index + PAD + 1;
          scheduler.submit(textOf(length, value, who)).then(
            ({ outputs }) => {
              const numbers = integersOf(outputs[0]!.data);
              expect(outputs[0]!.shape).toEqual([1, numbers.length]);
              expect(numbers.slice(0, length)).toEqual(Array(length).fill(2 * value));
              expect(numbers.slice(length).every((number) => number === 0)).toBe(true);
              outcomes[index] = (outcomes[index] ?? '') + 'ok';
            },
            (error: { code: string }) => (outcomes[index] = (outcomes[index] ?? '') + error.code),
          );
          await clock.pass(pauseMs);
        }
        await clock.pass(LONG_MS);
        expect(outcomes).toEqual(plan.map(({ poison }) => (poison ? 'execution_failed' : 'ok')));
        expect(checks).not.toContain('mixed');
        for (const { rows, tokens, texts: firsts } of reader.runs) {
          const own = drawn.allowedBatchSizes === undefined ? rows : new Set(firsts).size;
          expect(own === 1 || own * tokens <= (drawn.maxBatchTokens ?? Infinity)).toBe(true);
          expect(own).toBeLessThanOrEqual(drawn.maxBatchRows);
        }
      }),
      { numRuns: 80 },
    );
  });
});

describe('the scheduler of texts', () => {
  it('pays little for padding where lengths are mixed, and fills its batches', async () => {
    const { clock, tokens, scheduler, reader, send } = set({ maxBatchRows: 64, maxBatchTokens: 512 });
    const lengths = mixedLengths(800);
    scheduler.add(reader);
    const left = [...lengths];
    const client = async () => {
      for (let length = left.pop(); length !== undefined; length = left.pop()) await send(textOf(length));
    };
    for (let index = 0; index < 64; index++) void client();
    await clock.pass(LONG_MS);
    expect([scheduler.load.waitingRows, left.length]).toEqual([0, 0]);
    const real = lengths.reduce((sum, length) => sum + length);
    expect(tokens.real).toBe(real);
    expect(tokens.padding / real).toBeLessThan(0.08);
    expect(real / reader.runs.length).toBeGreaterThan(200);
    expect((real + tokens.padding) * 1.5).toBeLessThan(paddedInArrivalOrder(lengths, 512));
  });

  it('fills a batch from lengths that cost little padding, and from no others', async () => {
    const { clock, scheduler, reader, send } = set();
    for (const length of [20, 4, 19, 21, 5, 60]) void send(textOf(length));
    scheduler.add(reader);
    await clock.pass(LONG_MS);
    expect(reader.runs.map(({ rows, tokens }) => [rows, tokens])).toEqual([
      [3, 21],
      [2, 5],
      [1, 60],
    ]);
  });

  it('runs a text longer than the limit alone', async () => {
    const { clock, scheduler, reader, send } = set();
    for (const length of [70, 70, 71]) void send(textOf(length));
    scheduler.add(reader);
    await clock.pass(LONG_MS);
    expect(reader.runs.map(({ rows }) => rows)).toEqual([1, 1, 1]);
  });

  it('runs a batch before its window ends once its tokens are enough', async () => {
    const { clock, scheduler, reader, send } = set({ maxQueueDelayUs: 1e6 });
    scheduler.add(reader);
    for (let index = 0; index < 3; index++) void send(textOf(16));
    await clock.pass(0);
    expect(reader.runs).toEqual([]);
    void send(textOf(16));
    await clock.pass(0);
    expect(reader.runs).toMatchObject([{ rows: 4, tokens: 16 }]);
  });

  it('shares tokens, not texts, between callers', async () => {
    const { clock, scheduler, reader, send } = set();
    for (let index = 0; index < 200; index++) void send(textOf(8, 100, { caller: 'many short' }));
    const long = Array.from({ length: 10 }, () => send(textOf(64, 200, { caller: 'few long' })));
    scheduler.add(reader);
    await clock.pass(2 * 10 * 64 + 2 * 64);
    expect(await Promise.all(long)).toEqual(Array(10).fill('ok'));
    const short = reader.runs.filter(({ texts }) => texts[0] === 100);
    expect(short.length).toBeGreaterThanOrEqual(9);
  });

  it('lets a new caller wait for few of the texts of another, whatever their lengths', async () => {
    const { clock, scheduler, reader, send } = set();
    for (const length of mixedLengths(300)) void send(textOf(length, 100, { caller: 'flood' }));
    scheduler.add(reader);
    await clock.pass(2000);
    const before = reader.runs.length;
    void send(textOf(33, 200, { caller: 'new' }));
    await clock.pass(LONG_MS);
    const place = reader.runs.findIndex(({ texts }) => texts.includes(200));
    expect(place - before).toBeLessThanOrEqual(1);
  });

  it('starves no long text behind short ones that keep coming', async () => {
    const { clock, scheduler, reader, send } = set();
    const shortOnes = async () => {
      while (!reader.runs.some(({ tokens }) => tokens === 60)) await send(textOf(8));
    };
    for (let index = 0; index < 50; index++) void shortOnes();
    void send(textOf(60));
    scheduler.add(reader);
    await clock.pass(LONG_MS);
    // Those that came before it, eight to a run, and as many as fit in the time of that.
    expect(reader.runs.findIndex(({ tokens }) => tokens === 60)).toBeLessThan(20);
  });

  it('runs the higher priority first, whatever the length', async () => {
    const { clock, scheduler, reader, send } = set();
    for (let index = 0; index < 20; index++) void send(textOf(8, 100, { priority: 2 }));
    void send(textOf(50, 200, { priority: 1 }));
    scheduler.add(reader);
    await clock.pass(LONG_MS);
    expect(reader.runs[0]).toMatchObject({ rows: 1, tokens: 50 });
  });

  it('estimates time by tokens: few long texts are much work, and a short one is little', async () => {
    const { clock, scheduler, reader, send } = set();
    scheduler.add(reader);
    for (const length of [60, 10, 30, 50, 8, 20]) {
      void send(textOf(length));
      await clock.pass(100);
    }
    // Runs for 60 ms.
    void send(textOf(60));
    await clock.pass(10);
    void send(textOf(8));
    const inTime = send(textOf(8, 1, { deadline: clock.now() + 120 }));
    const tooLate = send(textOf(8, 1, { deadline: clock.now() + 70 }));
    for (let index = 0; index < 9; index++) void send(textOf(60));
    const behindLongOnes = send(textOf(8, 1, { deadline: clock.now() + 400 }));
    await clock.pass(LONG_MS);
    expect(await Promise.all([inTime, tooLate, behindLongOnes])).toEqual([
      'ok',
      'deadline_unmeetable',
      'deadline_unmeetable',
    ]);
  });

  it('takes what the length of a batch does to a row for no mixing of rows, and mixing for what it is', async () => {
    const both = async (Kind: typeof Reader) => {
      const { clock, checks, scheduler, reader } = set({ verifyBatching: 1 }, Kind);
      const answers = [10, 9].map((length, index) => scheduler.submit(textOf(length, 20 + index)));
      scheduler.add(reader);
      await clock.pass(LONG_MS);
      await Promise.all(answers);
      return checks;
    };
    expect(await both(LengthReader)).toEqual(['same']);
    expect(await both(RowCounter)).toEqual(['mixed']);
  });
});

/** Answers with the number of tokens that the batch is padded to. */
class LengthReader extends Reader {
  protected override answerTo(_value: number, tokens: number): number {
    return tokens;
  }
}

/** Answers with what no row alone can know: the first token of the first row. */
class RowCounter extends Reader {
  protected override answerTo(): number {
    return this.runs.at(-1)!.texts[0]!;
  }
}

/** Lengths of texts as people send them, log-normal: half below 30 tokens, a few of 512. Always the same ones. */
function mixedLengths(count: number): number[] {
  let state = 7;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
    return Math.min(512, Math.max(8, Math.round(Math.exp(3.4 + 0.95 * normal))));
  });
}

/** Padded tokens of batches in the order of arrival, each filled up to the limit. */
function paddedInArrivalOrder(lengths: readonly number[], maxTokens: number): number {
  let [padded, rows, longest] = [0, 0, 0];
  for (const length of lengths) {
    const next = Math.max(longest, length);
    if (rows > 0 && (rows + 1) * next > maxTokens) {
      padded += rows * longest;
      [rows, longest] = [1, length];
    } else [rows, longest] = [rows + 1, next];
  }
  return padded + rows * longest;
}
