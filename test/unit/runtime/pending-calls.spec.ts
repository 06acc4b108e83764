import { PendingCalls, type PendingCall } from '../../../src/runtime/pending-calls';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Pending calls, and their outcomes in order. */
function start() {
  const outcomes: string[] = [];
  const calls = new PendingCalls(({ session }) => outcomes.push(`exceeded ${session}`));
  const add = (session: number, limitMs: number) =>
    calls.add({
      session,
      limitMs,
      tooLong: 'too long',
      outputs: [],
      outputOffset: 0,
      resolve: (answer, startedAt) =>
        outcomes.push(`${session} ${answer.type} from ${Math.round(startedAt - now)}`),
      reject: ({ kind, message }) => outcomes.push(`${session} ${kind}: ${message}`),
    } satisfies PendingCall);
  const now = performance.now();
  return { calls, add, outcomes };
}

const released = { type: 'released' } as const;

describe('messages to a runner', () => {
  it('are answered in their order, and each starts when the one before it is answered', () => {
    const { calls, add, outcomes } = start();
    add(1, 100);
    add(2, 100);
    jest.advanceTimersByTime(60);
    calls.answered(released);
    jest.advanceTimersByTime(60);
    calls.answered(released);
    expect(outcomes).toEqual(['1 released from 0', '2 released from 60']);
    expect(calls.current).toBeUndefined();
  });

  it('time out by their own limit, from their own start', () => {
    const { calls, add, outcomes } = start();
    add(1, 1000);
    add(2, 100);
    add(3, 100);
    jest.advanceTimersByTime(900);
    calls.answered(released);
    jest.advanceTimersByTime(98);
    expect(outcomes).toEqual(['1 released from 0']);
    jest.advanceTimersByTime(2);
    expect(outcomes.slice(1)).toEqual(['exceeded 2', '2 timeout: too long', '3 never_ran: too long']);
    jest.advanceTimersByTime(10_000);
    expect(outcomes).toHaveLength(4);
  });

  it('time out after a longer limit and after messages that did not', () => {
    const { calls, add, outcomes } = start();
    for (let index = 0; index < 50; index++) {
      add(1, 100);
      jest.advanceTimersByTime(30);
      calls.answered(released);
    }
    add(2, 100);
    jest.advanceTimersByTime(98);
    expect(outcomes).toHaveLength(50);
    jest.advanceTimersByTime(2);
    expect(outcomes.slice(50)).toEqual(['exceeded 2', '2 timeout: too long']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each(['died', 'interrupted'] as const)(
    'behind the current one never ran if the runner has %s',
    (kind) => {
      const { calls, add, outcomes } = start();
      add(1, 100);
      add(2, 100);
      calls.end(kind, 'gone');
      expect(outcomes).toEqual([`1 ${kind}: gone`, '2 never_ran: gone']);
      expect(jest.getTimerCount()).toBe(0);
    },
  );
});
