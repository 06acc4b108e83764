import { availableParallelism } from 'node:os';
import { affine, counter } from '../../fixtures/models';
import { countTo, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { gone } from '../support/processes';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);
/** Takes longer than any test. */
const ENDLESS = 1e12;
const SHARED = 'isolation: shared\n';

let repository: Repository;
let gateway: Gateway;

/** Starts with so many models that share processes. */
async function start(models: number, more: (repository: Repository) => void = () => {}, env = {}) {
  repository = new Repository();
  for (let index = 0; index < models; index++) repository.model(`m${index}`, affine(index), SHARED);
  more(repository);
  gateway = await Gateway.start(repository, env);
}

const valueOf = async (model: string) => (await gateway.infer(model, x)).body.outputs?.[0].data;
const memoryOf = async (model: string): Promise<number> =>
  (await gateway.send(`/v1/models/${model}`)).json().versions[0].memory.resident_bytes;
const died = async (model: string) =>
  (await gateway.metric(`nexus_runner_restarts_total{model="${model}",version="1"}`)) ?? 0;

describe('models that share processes', () => {
  beforeAll(() => start(8, (others) => others.model('own', affine())));
  afterAll(() => tearDown(gateway, repository));

  it('have no more of them than there are cores, and answer for themselves', async () => {
    expect(gateway.runners('shared')).toHaveLength(availableParallelism());
    expect(gateway.runners('own/1')).toHaveLength(1);
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => valueOf(`m${index % 8}`)));
    answers.forEach((data, index) => expect(data).toEqual([(index % 8) + 1, 2 * (index % 8) + 1]));
    expect(await valueOf('own')).toEqual([3, 5]);
  });

  it('are told apart in memory', async () => {
    const own = await memoryOf('own');
    const shares = await Promise.all(Array.from({ length: 8 }, (_, index) => memoryOf(`m${index}`)));
    // The first of each process has the largest part.
    const small = shares.filter((share) => share < own / 2);
    expect(small.length).toBeGreaterThanOrEqual(8 - availableParallelism());
    const processes = availableParallelism();
    expect(shares.reduce((sum, share) => sum + share)).toBeLessThan(1.5 * processes * own);
  });

  it('come back together when their process dies, and nobody notices', async () => {
    const answers: Promise<number[]>[] = [];
    for (let index = 0; index < 400; index++) {
      answers.push(valueOf(`m${index % 4}`));
      if (index === 200) process.kill(gateway.runners('shared')[0]!, 'SIGKILL');
    }
    (await Promise.all(answers)).forEach((data, index) =>
      expect(data).toEqual([(index % 4) + 1, 2 * (index % 4) + 1]),
    );
    expect(gateway.runners('shared').length).toBeGreaterThan(0);
  });
});

it('models that share processes are unloaded one by one, and the process ends with the last', async () => {
  await start(3, undefined, { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' });
  try {
    const processes = gateway.runners('shared');
    const unload = (model: string) =>
      gateway.send(`/v2/repository/models/${model}/unload`, { method: 'POST', body: '{}' });
    await unload('m0');
    expect(await valueOf('m2')).toEqual([3, 5]);
    await unload('m1');
    await unload('m2');
    await gone(...processes);
    expect(gateway.runners('shared')).toEqual([]);
  } finally {
    await tearDown(gateway, repository);
  }
});

describe('a model that ends its process again and again', () => {
  afterAll(() => tearDown(gateway, repository));

  it('gets one of its own, and the others heal', async () => {
    // A runner that a busy machine holds up for as long is taken for one that hangs, and counted.
    const yaml = `${SHARED}timeout_ms: 1000\nmax_batch_rows: 1\n`;
    await start(4, (others) => others.model('hangs', counter(), yaml));
    expect(gateway.runners('hangs/1')).toEqual([]);
    for (let hang = 0; hang < 2; hang++) {
      const hanging = gateway.infer('hangs', countTo(ENDLESS));
      const others = [0, 1, 2, 3].map((index) => valueOf(`m${index}`));
      expect((await hanging).status).toBe(504);
      expect(await Promise.all(others)).toEqual([0, 1, 2, 3].map((slope) => [slope + 1, 2 * slope + 1]));
      while ((await gateway.infer('hangs', countTo(1))).status !== 200);
    }
    expect(gateway.runners('hangs/1')).toHaveLength(1);
    const before = await Promise.all([0, 1, 2, 3].map((index) => died(`m${index}`)));
    expect((await gateway.infer('hangs', countTo(ENDLESS))).status).toBe(504);
    while ((await gateway.infer('hangs', countTo(1))).status !== 200);
    expect(await Promise.all([0, 1, 2, 3].map((index) => died(`m${index}`)))).toEqual(before);
    expect(await died('hangs')).toBe(3);
  });
});
