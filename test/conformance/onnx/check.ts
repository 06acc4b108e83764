import { setTimeout as sleep } from 'node:timers/promises';
import type { Tensor } from '../tensor.ts';
import { Refused, type Client } from '../transports/client.ts';
import type { BackendTest } from './cases.ts';
import { difference } from './compare.ts';
import type { TestedGateway } from './gateway.ts';
import { carries } from './reason.ts';
import type { Answer, Reference, Refusal } from './reference.ts';
import { randomOf, variantOf } from './variants.ts';

/**
 * How a model compares. `equal`: as ONNX Runtime, alone and in company. `random`: the same, in datatypes and shapes; its values are
 * others each time. `refused`: neither takes it. `unfit`: the protocol cannot carry what it takes or gives. `ended`: it
 * ends ONNX Runtime's own process. `mixed`: a request is answered wrongly only in company. `wrong`: anything else.
 */
export const OUTCOMES = ['equal', 'random', 'refused', 'unfit', 'ended', 'wrong', 'mixed'] as const;

/** What was found of one model. */
export interface Verdict {
  readonly name: string;
  readonly outcome: (typeof OUTCOMES)[number];
  /** What differs, or why the model is not served. */
  readonly reason?: string | undefined;
  /** Whether requests shared runs. */
  readonly shared?: boolean;
}

/** One request of a model, and what ONNX Runtime says to it when it is alone. */
interface Expectation {
  readonly model: string;
  readonly inputs: readonly Tensor[];
  readonly expected: Answer | Refusal;
  readonly random: boolean;
}

const CALLERS = 8;
/** Fewer callers send large inputs, so that a slow machine is done in time. */
const MOST_BYTES = 2 ** 20;
const RETRY_MS = 500;
/** A model that may share runs is tried again when, by chance, none was shared. */
const ROUNDS = 3;

/** Compares what `gateway` answers for the model of `test`, whose file is at `path`, with ONNX Runtime. */
export async function check(
  test: BackendTest,
  path: string,
  gateway: TestedGateway,
  reference: Reference,
): Promise<Verdict> {
  const { name, sets } = test;
  const random = randomOf(name);
  const variants = Array.from({ length: callersOf(sets) }, (_, index) =>
    variantOf(sets[index % sets.length]!, random, name.endsWith('-dynamic')),
  );
  const requests = [...sets, ...variants];
  const reply = await reference.ask({ path, requests: [...requests, ...requests] });
  const { state, reason } = gateway.models.get(name) ?? { state: 'not in the index', reason: '' };
  const verdict = (outcome: Verdict['outcome'], why = reason) => ({ name, outcome, reason: why });

  if (test.unfit !== undefined || 'refused' in reply) {
    if (state !== 'UNAVAILABLE' || reason === '')
      return verdict('wrong', `it is ${state} with reason '${reason}'`);
    if (test.unfit !== undefined) return verdict('unfit', test.unfit);
    if ('refused' in reply && !carries(reason, reply.refused))
      return verdict('wrong', `the reason is '${reason}', where ONNX Runtime says '${reply.refused}'`);
    return verdict('refused');
  }
  if ('ended' in reply) return verdict('ended', reply.ended);
  if (state !== 'READY') return verdict('wrong', `it is ${state}: ${reason}`);

  const first = reply.answers.slice(0, requests.length);
  const again = reply.answers.slice(requests.length);
  const isRandom = first.some((answer, index) => differs(answer, again[index]!));
  const expectations = requests.map((inputs, index) => ({
    model: name,
    inputs,
    expected: first[index]!,
    random: isRandom,
  }));
  const wrong = await aloneWrong(expectations.slice(0, sets.length), gateway);
  if (wrong !== undefined) return verdict('wrong', wrong);
  const company = await inCompany(expectations.slice(sets.length), gateway);
  if (company.outcome !== 'equal') return { name, ...company };
  const refused = expectations.every(({ expected }) => 'refused' in expected);
  return { name, ...company, outcome: refused ? 'refused' : isRandom ? 'random' : 'equal' };
}

/** How many callers send a request of their own at once. */
function callersOf(sets: readonly (readonly Tensor[])[]): number {
  if (sets.length === 0) return 0;
  const bytes = Math.max(...sets.map((set) => set.reduce((sum, tensor) => sum + tensor.bytes.length, 1)));
  return Math.max(2, Math.min(CALLERS, Math.floor(MOST_BYTES / bytes)));
}

/** Sends the requests of the test one after the other, over each transport. Resolves to the first difference. */
async function aloneWrong(
  expectations: readonly Expectation[],
  gateway: TestedGateway,
): Promise<string | undefined> {
  for (const expectation of expectations) {
    for (const [transport, client] of gateway.clients) {
      const wrong = await wrongOf(client, expectation);
      if (wrong !== undefined) return `${transport}: ${wrong}`;
    }
  }
  return undefined;
}

/** Sends every request over every transport at once. */
async function inCompany(
  expectations: readonly Expectation[],
  gateway: TestedGateway,
): Promise<Omit<Verdict, 'name'>> {
  const [model] = expectations.map((expectation) => expectation.model);
  if (model === undefined) return { outcome: 'equal' };
  const batchable = await gateway.isBatchable(model);
  const before = await gateway.rowsBeyondRuns(model);
  let shared = false;
  for (let round = 0; round < ROUNDS && !shared; round++) {
    const calls = expectations.flatMap((expectation) =>
      [...gateway.clients].map(async ([transport, client]) => {
        const wrong = await wrongOf(client, expectation);
        return wrong === undefined ? [] : [{ transport, client, expectation, wrong }];
      }),
    );
    const failures = (await Promise.all(calls)).flat();
    shared = (await gateway.rowsBeyondRuns(model)) > before;
    for (const { transport, client, expectation, wrong } of failures) {
      const alone = await wrongOf(client, expectation);
      if (alone !== undefined) return { outcome: 'wrong', reason: `${transport}: ${alone}`, shared };
      return {
        outcome: 'mixed',
        reason: `${transport}, ${failures.length} of ${calls.length}: ${wrong}`,
        shared,
      };
    }
    if (!batchable) break;
  }
  return { outcome: 'equal', shared };
}

/** What is wrong with the answer to a request; undefined when nothing is. */
async function wrongOf(client: Client, expectation: Expectation): Promise<string | undefined> {
  const { model, inputs, expected, random } = expectation;
  try {
    const { outputs } = await patiently(() => client.infer({ model, inputs }));
    if ('refused' in expected) return `an answer, where ONNX Runtime says '${expected.refused}'`;
    return difference(outputs, expected.outputs, random);
  } catch (error) {
    if (!(error instanceof Refused)) return `no answer: ${(error as Error).message}`;
    if (!('refused' in expected)) return `refused with ${error.status}: ${error.text}`;
    if (!error.blamesClient) return `${error.status}, where a client error is due: ${error.text}`;
    return carries(error.text, expected.refused)
      ? undefined
      : `'${error.text}', where ONNX Runtime says '${expected.refused}'`;
  }
}

/** Asks again, some times, while the gateway says that it is too busy: the machine may have other work. */
async function patiently<T>(call: () => Promise<T>, times = 10): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const isBusy = error instanceof Refused && [429, 'RESOURCE_EXHAUSTED'].includes(error.status);
    if (!isBusy || times === 1) throw error;
    await sleep(RETRY_MS);
    return patiently(call, times - 1);
  }
}

function differs(one: Answer | Refusal, other: Answer | Refusal): boolean {
  if ('refused' in one || 'refused' in other) return false;
  return difference(one.outputs, other.outputs) !== undefined;
}
