import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeModel } from '../../../src/repository/description/model-description';
import { scanRepository } from '../../../src/repository/repository';
import { contentOf, MINILM } from '../../fixtures/hub-folders';
import { affine } from '../../fixtures/models';
import { Repository } from '../../e2e/support/gateway';

let repository: Repository;
beforeEach(() => (repository = new Repository()));
afterEach(() => repository.remove());

const ONNX = affine();
const CONFIG = 'name: "resnet"\nmax_batch_size: 8';

/** The models of the folder under the name that a setting gives: the versions of each, with the path of the file or why not. */
async function served(name: string) {
  const { root, models } = await scanRepository(repository.path, name);
  const described = models.map(async (model) => {
    const { versions, refusal } = await describeModel(model);
    const files = versions.map(({ version, path, reason }) => [
      version,
      path?.slice(root.length + 1) ?? reason,
    ]);
    return [model.name, refusal ?? Object.fromEntries(files)];
  });
  return Object.fromEntries(await Promise.all(described)) as Record<string, unknown>;
}

type Files = Readonly<Record<string, Uint8Array | string>>;

const HUB: Files = {
  ...Object.fromEntries(Object.entries(MINILM).map(([path, content]) => [path, contentOf(content)])),
  'onnx/model.onnx': ONNX,
};

it.each<[what: string, files: Files, versions: object]>([
  ['model.onnx', { 'model.onnx': ONNX }, { 1: 'model.onnx' }],
  ['another file', { 'resnet50.onnx': ONNX }, { 1: 'resnet50.onnx' }],
  [
    'model.onnx among variants, with external data',
    { 'model.onnx': ONNX, 'model_int8.onnx': ONNX, 'model.onnx.data': 'weights' },
    { 1: 'model.onnx' },
  ],
  ['a folder of the hub', HUB, { 1: 'onnx/model.onnx' }],
  [
    'version folders',
    { '1/model.onnx': ONNX, '2/model.onnx': ONNX },
    { 1: '1/model.onnx', 2: '2/model.onnx' },
  ],
  [
    'version folders and a model.yaml, whose settings apply',
    { '1/model.onnx': ONNX, '2/model.onnx': ONNX, 'model.yaml': 'versions: { latest: 1 }' },
    { 2: '2/model.onnx' },
  ],
  [
    'version folders and a config.pbtxt with another name',
    { '1/model.onnx': ONNX, '2/model.onnx': ONNX, 'config.pbtxt': CONFIG },
    { 2: '2/model.onnx' },
  ],
  [
    'a model.yaml that names the file',
    { 'weights/best.onnx': ONNX, 'model.yaml': 'file: weights/best.onnx' },
    { 1: 'weights/best.onnx' },
  ],
  ['one folder inside', { 'resnet/model.onnx': ONNX }, { 1: 'resnet/model.onnx' }],
  [
    'a Triton repository with one model',
    { 'resnet/1/model.onnx': ONNX, 'resnet/config.pbtxt': CONFIG },
    { 1: 'resnet/1/model.onnx' },
  ],
])('a model under the name of a setting may be %s', async (_what, files, versions) => {
  for (const [path, content] of Object.entries(files)) repository.add(path, content);
  expect(await served('my.model')).toEqual({ 'my.model': versions });
});

/** Whether this machine lets a test mount something for a process of its own. */
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!canMount) process.stderr.write('skipped: this user cannot mount a file system of another container\n');

// As with a modelcar, the real path of the link is another folder of the same name, with another model.
(canMount ? it : it.skip)('refuses a link to the file system of another container', async () => {
  repository.add('image/models/model.onnx', ONNX);
  const image = join(repository.path, 'image');
  const command =
    'mount -t tmpfs tmpfs "$0" && mkdir "$0/models" && touch "$0/models/theirs.onnx" && echo && cat';
  const other = spawn('unshare', ['-m', 'sh', '-c', command, image], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(other.stdout, 'data');
    repository.link('mounted', `/proc/${other.pid}/root${image}/models`);
    const mounted = join(repository.path, 'mounted');
    expect(readdirSync(mounted)).toEqual(['theirs.onnx']);
    await expect(scanRepository(mounted)).rejects.toMatchObject({ code: 'EXDEV' });
  } finally {
    other.stdin.end();
    await once(other, 'exit');
  }
});

it('says what is missing from the folder of the model', async () => {
  repository.add('one.onnx', ONNX).add('two.onnx', ONNX);
  const reason = expect.stringContaining('no model file found; add <version>/model.onnx, with');
  expect(await served('m')).toEqual({ m: { 1: reason } });
});

it('several models keep the names of their folders', async () => {
  repository.model('bert', ONNX).model('resnet', ONNX).add('resnet/config.pbtxt', CONFIG);
  repository.add('bert/config.pbtxt', CONFIG);
  expect(await served('m')).toEqual({
    bert: expect.stringContaining("name: expected 'bert', the name of the folder, got 'resnet'"),
    resnet: { 1: 'resnet/1/model.onnx' },
  });
});

it('without the setting, a folder with a number is a model', async () => {
  repository.add('1/model.onnx', ONNX);
  expect(await served('')).toEqual({ 1: { 1: '1/model.onnx' } });
});
