import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('m', affine(2)).model('other', affine(3));
  gateway = await Gateway.start(repository, {
    NEXUS_MODEL_CONTROL_MODE: 'poll',
    NEXUS_REPOSITORY_POLL_SECS: '1',
  });
});

afterAll(() => tearDown(gateway, repository));

const x = oneRow(1);
const answerOf = async (model: string) => {
  const { status, body } = await gateway.infer(model, x);
  return status === 200 ? body.outputs[0].data[0] : status;
};
/** What `model` answers until it answers `expected`, each once. */
const answersUntil = async (model: string, expected: number) => {
  const seen = new Set<number>();
  for (;;) {
    const answer = await answerOf(model);
    seen.add(answer);
    if (answer === expected) return [...seen];
    await delay(5);
  }
};

it('a file that is moved into place is taken, with no failed request and without the others', async () => {
  const pids = gateway.runners('other/1');
  repository.add('m/1/.next.onnx', affine(7));
  renameSync(join(repository.path, 'm/1/.next.onnx'), join(repository.path, 'm/1/model.onnx'));
  expect(await answersUntil('m', 8)).toEqual([3, 8]);
  expect(gateway.runners('other/1')).toEqual(pids);
});

it('a version that comes is served as the newest', async () => {
  repository.add('m/2/model.onnx', affine(9));
  expect(await answersUntil('m', 10)).toEqual([8, 10]);
  rmSync(join(repository.path, 'm/2'), { recursive: true });
  expect(await answersUntil('m', 8)).toEqual([10, 8]);
});

it('a model that comes is served, and one that goes is not', async () => {
  repository.model('late', affine(4));
  expect(await answersUntil('late', 5)).toEqual([404, 5]);
  rmSync(join(repository.path, 'late'), { recursive: true });
  expect(await answersUntil('late', 404)).toEqual([5, 404]);
});

it('a folder that cannot be read is told, and keeps no other from being taken', async () => {
  const reasonOf = async () => (await gateway.index()).find(({ name }) => name === 'circle')?.reason;
  repository.link('circle', 'circle').model('after', affine(4));
  expect(await answersUntil('after', 5)).toEqual([404, 5]);
  expect(await reasonOf()).toMatch(
    /the folder circle cannot be read: ELOOP, its symbolic links form a loop$/,
  );
  rmSync(join(repository.path, 'circle'));
  repository.model('circle', affine(5));
  expect(await answersUntil('circle', 6)).toEqual([404, 6]);
  for (const name of ['circle', 'after']) rmSync(join(repository.path, name), { recursive: true });
});

it('a file that cannot be loaded keeps the one before, and the index says why', async () => {
  const reasonOf = async () => (await gateway.index()).find(({ name }) => name === 'm')!.reason;
  repository.add('m/1/model.onnx', 'no model');
  while ((await reasonOf()) === '') expect(await answerOf('m')).toBe(8);
  expect(await reasonOf()).toMatch(/^cannot load a newer file, so this one continues to serve: /);
  expect(await answerOf('m')).toBe(8);
  repository.add('m/1/model.onnx', affine(5));
  expect(await answersUntil('m', 6)).toEqual([8, 6]);
  expect(await reasonOf()).toBe('');
});

it('settings that need no other runners are taken without one', async () => {
  const pids = gateway.runners('m/1');
  repository.add('m/model.yaml', 'description: Said while it runs.');
  const described = async () => (await gateway.send('/v1/models/m')).json().description;
  while ((await described()) === undefined) await delay(5);
  expect(await described()).toBe('Said while it runs.');
  expect(gateway.runners('m/1')).toEqual(pids);
});

it('a repository that is gone leaves what is served, and is followed again when it is back', async () => {
  const away = `${repository.path}-away`;
  renameSync(repository.path, away);
  await gateway.logged(({ msg }) => /cannot read the model repository/.test(msg ?? ''));
  expect(await answerOf('other')).toBe(4);
  const index = await gateway.send('/v2/repository/index', { method: 'POST' });
  expect([index.status, index.json().error]).toEqual([
    503,
    expect.stringMatching(/^cannot read the model repository: ENOENT; loaded models continue to serve; /),
  ]);
  renameSync(away, repository.path);
  repository.model('back', affine(6));
  expect(await answersUntil('back', 7)).toEqual([404, 7]);
});

it('requests to load are refused, with what to do instead', async () => {
  const answer = await gateway.send('/v2/repository/models/m/load', { method: 'POST' });
  expect(answer.status).toBe(400);
  expect(answer.json().error).toBe(
    'models follow the files in the repository; set NEXUS_MODEL_CONTROL_MODE=explicit to load and unload models by request',
  );
});
