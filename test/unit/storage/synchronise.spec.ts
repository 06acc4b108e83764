import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SyncProgress } from '../../../src/storage/copy/progress';
import { synchronise, type SyncTask } from '../../../src/storage/sync/synchronise';
import { ObjectServer } from '../../e2e/support/object-server';
import { tearDown } from '../../e2e/support/tear-down';

let server: ObjectServer;
let folder: string;

beforeAll(async () => {
  server = await ObjectServer.start();
  Object.assign(process.env, server.env);
});
afterAll(() => tearDown(server));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nexus-copy-'));
  server.objects.clear();
  server.requests.length = 0;
  server.cuts.clear();
  server.held.clear();
  server.corrupt.clear();
  server.status = undefined;
  server.losesTokens = false;
  server.nextPage = undefined;
  server.contentAt = undefined;
});
afterEach(() => rmSync(folder, { recursive: true }));

const S3 = 's3://bucket/prod';
const synced = (changes: Partial<SyncTask> = {}) =>
  synchronise({
    url: S3,
    folder,
    limit: 0,
    rate: 0,
    stallMs: 10_000,
    only: undefined,
    inUse: [],
    progress: new SyncProgress().memory,
    ...changes,
  });
const textOf = (path: string) => readFileSync(join(folder, 'models', path), 'utf8');
const names = () => readdirSync(join(folder, 'models')).filter((name) => !name.startsWith('.'));
const blobs = () => readdirSync(join(folder, 'blobs')).length;
const large = (text: string) => text.repeat(200_000);

it('a copy has the files of the store, and later only what has changed is read', async () => {
  server
    .put('prod/a/1/model.onnx', 'one')
    .put('prod/a/model.yaml', 'kind: a')
    .put('prod/b/1/model.onnx', 'two');
  server.put('prod/a/', '').put('prod/.git/config', 'hidden').put('other/c/1/model.onnx', 'three');
  expect(await synced()).toMatchObject({ changed: true, downloadedBytes: 13, models: 2 });
  expect(names()).toEqual(['a', 'b']);
  expect([textOf('a/1/model.onnx'), textOf('a/model.yaml'), textOf('b/1/model.onnx')]).toEqual([
    'one',
    'kind: a',
    'two',
  ]);
  expect(await synced()).toMatchObject({ changed: false, downloadedBytes: 0 });
  const [, inode] = [textOf('a/model.yaml'), statSync(join(folder, 'models/a/model.yaml')).ino];
  server.put('prod/a/1/model.onnx', 'four');
  server.objects.delete('prod/b/1/model.onnx');
  expect(await synced()).toMatchObject({ changed: true, downloadedBytes: 4, models: 1 });
  expect(names()).toEqual(['a']);
  expect(textOf('a/1/model.onnx')).toBe('four');
  expect(statSync(join(folder, 'models/a/model.yaml')).ino).toBe(inode);
});

it('settings of models on other servers are files of the copy', async () => {
  server.put('prod/remote.yaml', 'one').put('prod/README.md', 'text').put('prod/a/1/model.onnx', 'one');
  await synced();
  server.put('prod/remote.yaml', 'two');
  expect(await synced()).toMatchObject({ changed: true, models: 2 });
  expect(names()).toEqual(['a', 'remote.yaml']);
  expect(textOf('remote.yaml')).toBe('two');
});

it('the folder of one model is a repository with this model', async () => {
  server.put('prod/1/model.onnx', 'one').put('prod/model.yaml', 'two');
  await synced();
  expect(names()).toEqual(['prod']);
  expect([textOf('prod/1/model.onnx'), textOf('prod/model.yaml')]).toEqual(['one', 'two']);
});

it('a model is replaced as a whole, and the files of the earlier one stay while it is in use', async () => {
  server.put('prod/a/1/model.onnx', 'one').put('prod/a/1/weights', 'one');
  await synced();
  const before = realpathSync(join(folder, 'models/a'));
  server.put('prod/a/1/model.onnx', 'two').put('prod/a/1/weights', 'two');
  await synced({ inUse: [join(before, '1/model.onnx')] });
  expect(realpathSync(join(folder, 'models/a'))).not.toBe(before);
  expect([textOf('a/1/model.onnx'), textOf('a/1/weights')]).toEqual(['two', 'two']);
  expect(readFileSync(join(before, '1/weights'), 'utf8')).toBe('one');
});

it('a connection that is cut is continued from the last byte, and only for the same object', async () => {
  const content = large('resume');
  server.put('prod/a/1/model.onnx', content);
  server.cuts.set('prod/a/1/model.onnx', { bytes: 500_000, times: 2 });
  expect(await synced()).toMatchObject({ changed: true, models: 1 });
  expect(textOf('a/1/model.onnx')).toBe(content);
  const [first, ...later] = server.readsOf('prod/a/1/model.onnx');
  expect(first!.range).toBeUndefined();
  expect(later).not.toEqual([]);
  for (const { range, ifMatch } of later) {
    expect(range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(ifMatch).toMatch(/^"[0-9a-f]{32}"$/);
  }
});

it('a download that has failed is continued by a later one', async () => {
  const content = large('later');
  server.put('prod/a/1/model.onnx', content);
  server.cuts.set('prod/a/1/model.onnx', { bytes: 500_000, times: 1 });
  server.onCut = () => (server.status = 503);
  const { fault, checkedAt } = await synced();
  expect([fault?.kind, checkedAt]).toEqual(['unreachable', undefined]);
  expect(names()).toEqual([]);
  server.onCut = () => {};
  server.status = undefined;
  server.requests.length = 0;
  expect(await synced()).toMatchObject({ changed: true });
  expect(server.readsOf('prod/a/1/model.onnx').map(({ range }) => range)).toEqual([
    expect.stringMatching(/^bytes=[1-9]\d*-$/),
  ]);
  expect(textOf('a/1/model.onnx')).toBe(content);
});

it('what was downloaded before a failure is not read again, and takes no room twice', async () => {
  const content = large('x');
  server.put('prod/a/1/first', content).put('prod/a/1/model.onnx', content).put('prod/a/1/weights', content);
  server.corrupt.add('prod/a/1/model.onnx');
  const limit = 3 * content.length;
  expect((await synced({ limit })).fault?.kind).toBe('invalid');
  server.corrupt.clear();
  server.requests.length = 0;
  expect(await synced({ limit })).toMatchObject({ changed: true, models: 1 });
  expect(server.requests.map(({ path }) => path)).toEqual(['/bucket/', '/bucket/prod/a/1/model.onnx']);
  expect(textOf('a/1/model.onnx')).toBe(content);
});

it('a list without its rest is refused, and the copy stays as it is', async () => {
  for (const name of ['a', 'b', 'c', 'd']) server.put(`prod/${name}/1/model.onnx`, 'one');
  await synced();
  server.losesTokens = true;
  expect((await synced()).fault).toEqual({ kind: 'unreachable', message: expect.stringContaining(S3) });
  expect(names()).toEqual(['a', 'b', 'c', 'd']);
});

it('a store without files is refused, and the copy stays as it is', async () => {
  server.put('prod/a/1/model.onnx', 'one');
  await synced();
  server.objects.clear();
  expect((await synced()).fault).toEqual({
    kind: 'refused',
    message: expect.stringContaining('no files found'),
  });
  expect(names()).toEqual(['a']);
});

it('a copy that is not there is made of all models, also if one was asked for', async () => {
  server.put('prod/a/1/model.onnx', 'one').put('prod/b/1/model.onnx', 'two');
  expect(await synced({ only: 'a' })).toMatchObject({ models: 2 });
});

it('while a store is down or refuses, the copy stays as it is', async () => {
  server.put('prod/a/1/model.onnx', 'one');
  const { checkedAt } = await synced();
  for (const [status, kind] of [
    [503, 'unreachable'],
    [403, 'refused'],
    [404, 'refused'],
  ] as const) {
    server.status = status;
    const result = await synced();
    expect(result).toMatchObject({ changed: false, checkedAt, fault: { kind } });
    expect(result.fault!.message).toContain(S3);
    expect(result.fault!.message).not.toContain('test-');
  }
  expect(textOf('a/1/model.onnx')).toBe('one');
});

it.each(['prod/a/../../evil', 'prod/a//model.onnx', 'prod/a/b\\c', `prod/${'x'.repeat(256)}/model.onnx`])(
  'the path %s is refused, and nothing is written',
  async (key) => {
    server.put(key, 'evil').put('prod/a/1/model.onnx', 'one');
    expect((await synced()).fault?.kind).toBe('invalid');
    expect(names()).toEqual([]);
  },
);

it('a file that is also a folder is refused', async () => {
  server.put('prod/a/1', 'file').put('prod/a/1/model.onnx', 'one');
  expect((await synced()).fault?.message).toContain('a/1 is a file and a folder');
});

it('the files of a model that was replaced are kept until the limit needs their room', async () => {
  const limit = 2_500_000;
  const state = (text: string) => server.put('prod/a/1/model.onnx', large(text));
  state('first');
  expect(await synced({ limit })).toMatchObject({ changed: true, downloadedBytes: 1_000_000 });
  state('other');
  await synced({ limit });
  expect(blobs()).toBe(2);
  state('first');
  expect(await synced({ limit })).toMatchObject({ changed: true, downloadedBytes: 1_000_000 });
  state('third');
  expect(await synced({ limit })).toMatchObject({ changed: true });
  expect(blobs()).toBe(2);
  expect(textOf('a/1/model.onnx')).toBe(large('third'));
});

it('a repository that does not fit is refused with the bytes that it needs', async () => {
  server.put('prod/a/1/model.onnx', large('x'));
  expect((await synced({ limit: 1000 })).fault).toEqual({
    kind: 'invalid',
    message: expect.stringMatching(/has 200000 bytes, and NEXUS_MODEL_CACHE_SIZE allows 1000; raise it/),
  });
});

it('new files that do not fit beside models in use are refused', async () => {
  server.put('prod/a/1/model.onnx', large('x'));
  await synced({ limit: 300_000 });
  const inUse = [realpathSync(join(folder, 'models/a/1/model.onnx'))];
  server.put('prod/a/1/model.onnx', large('y'));
  expect((await synced({ limit: 300_000, inUse })).fault?.message).toContain('raise it to 400000');
  expect(textOf('a/1/model.onnx')).toBe(large('x'));
});

it('a download takes at least as long as its rate says', async () => {
  server.put('prod/a/1/model.onnx', large('x'));
  const beganAt = performance.now();
  await synced({ rate: 1_000_000 });
  expect(performance.now() - beganAt).toBeGreaterThanOrEqual(190);
});

it('a read that stands still is given up', async () => {
  server.put('prod/a/1/model.onnx', 'one');
  server.held.add('prod/a/1/model.onnx');
  expect((await synced({ stallMs: 100 })).fault).toEqual({
    kind: 'unreachable',
    message: expect.stringContaining('received nothing of a/1/model.onnx for 100 ms'),
  });
});

it('content that is not what the store says is refused, and the copy stays as it is', async () => {
  server.put('prod/a/1/model.onnx', 'one');
  await synced();
  server.put('prod/a/1/model.onnx', 'two');
  server.corrupt.add('prod/a/1/model.onnx');
  expect((await synced()).fault).toEqual({
    kind: 'invalid',
    message: expect.stringContaining('was received twice, and its md5 is not'),
  });
  expect(textOf('a/1/model.onnx')).toBe('one');
});

it('only one model is renewed if only this one was asked for', async () => {
  server.put('prod/a/1/model.onnx', 'one').put('prod/b/1/model.onnx', 'one');
  await synced();
  server.put('prod/a/1/model.onnx', 'two').put('prod/b/1/model.onnx', 'two');
  await synced({ only: 'a' });
  expect([textOf('a/1/model.onnx'), textOf('b/1/model.onnx')]).toEqual(['two', 'one']);
  await synced();
  expect(textOf('b/1/model.onnx')).toBe('two');
});

it('two that synchronise the same copy read each object once', async () => {
  server.put('prod/a/1/model.onnx', large('x'));
  const results = await Promise.all([synced(), synced()]);
  expect(results.filter(({ changed }) => changed)).toHaveLength(1);
  expect(server.readsOf('prod/a/1/model.onnx')).toHaveLength(1);
});

describe('content', () => {
  it('of a list of digests is verified', async () => {
    server.put('a/1/model.onnx', 'one');
    const url = `${server.url}/files/SHA256SUMS`;
    expect(await synced({ url })).toMatchObject({ changed: true, models: 1 });
    expect(textOf('a/1/model.onnx')).toBe('one');
    expect(await synced({ url })).toMatchObject({ changed: false });
    expect(server.requests.at(-1)!.path).toBe('/files/SHA256SUMS');
  });

  it('of a list of digests is asked for on its own server only', async () => {
    const other = await ObjectServer.start();
    try {
      server.put(`/${new URL(other.url).host}/model.onnx`, 'evil').put('a/1/model.onnx', 'one');
      const { fault } = await synced({ url: `${server.url}/files/SHA256SUMS` });
      expect(fault).toBeDefined();
      expect(other.requests).toEqual([]);
    } finally {
      other.close();
    }
  });

  it('of the hub is listed on the hub only, which alone receives the token', async () => {
    const other = await ObjectServer.start();
    try {
      server.put('config.json', '{}').put('model.onnx', 'one');
      server.nextPage = `${other.url}/api/models/org/name/tree/main`;
      expect((await synced({ url: 'hf://org/name' })).fault).toEqual({
        kind: 'unreachable',
        message: 'hf://org/name: expected the next page of the listing on the hub',
      });
      expect(other.requests).toEqual([]);
    } finally {
      other.close();
    }
  });

  it('of the hub may be on another server, which does not receive the token', async () => {
    const other = await ObjectServer.start();
    try {
      server.put('config.json', '{}').put('model.onnx', 'one');
      other.put('config.json', '{}').put('model.onnx', 'one');
      server.contentAt = other.url;
      await synced({ url: 'hf://org/name@v2' });
      expect(textOf('name/model.onnx')).toBe('one');
      expect(other.requests.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
    } finally {
      other.close();
    }
  });

  it('of one ONNX file is a model with its name', async () => {
    server.put('faces.onnx', 'one');
    await synced({ url: `${server.url}/files/faces.onnx` });
    expect(textOf('faces/faces.onnx')).toBe('one');
  });

  it('of Google Cloud Storage is a repository', async () => {
    server.put('prod/a/1/model.onnx', 'one');
    await synced({ url: 'gs://bucket/prod' });
    expect(textOf('a/1/model.onnx')).toBe('one');
  });

  it('of the hub is a model, without the files of other frameworks and variants', async () => {
    server
      .put('config.json', '{}')
      .put('model.safetensors', 'weights')
      .put('onnx/model.onnx', 'one')
      .put('onnx/model_int8.onnx', 'small');
    await synced({ url: 'hf://org/name@v1' });
    expect(names()).toEqual(['name']);
    expect(
      readdirSync(join(folder, 'models/name'), { recursive: true, encoding: 'utf8' }).toSorted(),
    ).toEqual(['config.json', 'onnx', 'onnx/model.onnx']);
    expect(server.requests.every(({ authorization }) => authorization === 'Bearer test-hub-token')).toBe(
      true,
    );
    expect(await synced({ url: 'hf://org/name@v1' })).toMatchObject({ changed: false });
  });
});
