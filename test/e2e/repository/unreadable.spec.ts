import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { affine, externalBias } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);

/** Adds a pipe that nobody writes to: whoever opens it without care waits for ever. */
function addPipe(repository: Repository, path: string): void {
  mkdirSync(join(repository.path, path, '..'), { recursive: true });
  execFileSync('mkfifo', [join(repository.path, path)]);
}

/** Adds a file of 1 GiB that takes no room. */
function addHuge(repository: Repository, path: string): void {
  const file = openSync(join(repository.path, path), 'w');
  ftruncateSync(file, 2 ** 30);
  closeSync(file);
}

/** Nine lists of nine, each but the first of the one before. */
const BOMB = Array.from({ length: 9 }, (_, level) => {
  const items = Array(9).fill(level === 0 ? 'x' : `*l${level - 1}`);
  return `l${level}: &l${level} [${items.join(', ')}]`;
}).join('\n');

const LABELS = (file: string) => `max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: -1 }
output { name: "y" data_type: TYPE_FP32 dims: -1 label_filename: "${file}" }`;

const WARM_UP = `max_batch_size: 8
model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 2 input_data_file: "pipe" } } }`;

describe('what cannot be read in the repository is the trouble of one model:', () => {
  const CASES: [name: string, reason: RegExp][] = [
    ['loop', /^the folder loop cannot be read: ELOOP, its symbolic links form a loop$/],
    ['loop-of-two', /^the folder loop-of-two cannot be read: ELOOP, /],
    ['dangling', /^the folder dangling cannot be read: ENOENT$/],
    ['version-file', /^version-file\/1\/model\.onnx cannot be read: ENOTDIR$/],
    ['version-loop', /^version-loop\/1\/model\.onnx cannot be read: ELOOP, /],
    ['model-pipe', /^model-pipe\/1\/model\.onnx is not a regular file; replace it with the ONNX file$/],
    ['data-pipe', /^external data 'bias\.bin' is not a file$/],
    ['yaml-pipe', /\/yaml-pipe\/model\.yaml cannot be read: it is not a regular file$/],
    ['yaml-folder', /\/yaml-folder\/model\.yaml cannot be read: it is not a regular file$/],
    ['yaml-device', /\/yaml-device\/model\.yaml cannot be read: it is outside the model repository$/],
    ['yaml-loop', /\/yaml-loop\/model\.yaml cannot be read: ELOOP, /],
    [
      'yaml-huge',
      /\/yaml-huge\/model\.yaml cannot be read: it has 1073741824 bytes, but the limit is 262144$/,
    ],
    ['yaml-bomb', /\/yaml-bomb\/model\.yaml cannot be read: Excessive alias count/],
    ['yaml-circle', /\/yaml-circle\/model\.yaml cannot be read: .*circular/],
    ['yaml-alias', /\/yaml-alias\/model\.yaml cannot be read: Unresolved alias/],
    ['yaml-deep', /\/yaml-deep\/model\.yaml:1: /],
    ['pbtxt-pipe', /\/pbtxt-pipe\/config\.pbtxt cannot be read: it is not a regular file$/],
    [
      'pbtxt-huge',
      /\/pbtxt-huge\/config\.pbtxt cannot be read: it has 1073741824 bytes, but the limit is 1048576$/,
    ],
    ['labels-pipe', /\/labels-pipe\/model\.yaml: the label file 'pipe' cannot be read: it is not a regular/],
    [
      'labels-huge',
      /config\.pbtxt:3: the label file 'huge' cannot be read: it has 1073741824 bytes, but the limit is/,
    ],
    ['warm-up-pipe', /model\.yaml: the warm-up file 'pipe' cannot be read: it is not a regular file$/],
    ['samples-pipe', /config\.pbtxt:2: the file 'warmup\/pipe' cannot be read: it is not a regular file$/],
  ];
  const repository = new Repository();
  let gateway: Gateway;

  beforeAll(async () => {
    for (const [name] of CASES)
      if (/^(yaml|pbtxt|labels|warm-up|samples)-/.test(name)) repository.model(name, affine());
    repository
      .model('good', affine())
      .link('loop', 'loop')
      .link('loop-of-two', '.other')
      .link('.other', 'loop-of-two')
      .link('dangling', 'nowhere')
      .add('version-file/1', '')
      .link('version-loop/1', '1')
      .add('yaml-folder/model.yaml/x', '')
      .link('yaml-device/model.yaml', '/dev/zero')
      .link('yaml-loop/model.yaml', 'model.yaml')
      .add('yaml-bomb/model.yaml', BOMB)
      .add('yaml-circle/model.yaml', 'example: &x { x: *x }')
      .add('yaml-alias/model.yaml', 'description: *nothing')
      .add('yaml-deep/model.yaml', '['.repeat(200_000))
      .add('labels-pipe/model.yaml', 'labels: { y: pipe }')
      .add('labels-huge/config.pbtxt', LABELS('huge'))
      .add('warm-up-pipe/model.yaml', 'warmup: [{ rows: 1, files: { x: pipe } }]')
      .add('samples-pipe/config.pbtxt', WARM_UP);
    for (const path of ['model-pipe/1/model.onnx', 'yaml-pipe/model.yaml', 'pbtxt-pipe/config.pbtxt'])
      addPipe(repository, path);
    repository.model('data-pipe', externalBias('bias.bin'));
    for (const path of [
      'data-pipe/1/bias.bin',
      'labels-pipe/pipe',
      'warm-up-pipe/pipe',
      'samples-pipe/warmup/pipe',
    ])
      addPipe(repository, path);
    for (const path of ['yaml-huge/model.yaml', 'pbtxt-huge/config.pbtxt', 'labels-huge/huge'])
      addHuge(repository, path);
    // Every name of these has as many as there are paths through the circles, which is without end.
    repository.model('circles', affine()).link('circles/1/a', '.').link('circles/1/b', '..');
    repository.link('circles/up', '../..').link('circles/out', '/');
    repository
      .model('marked-yaml', affine(), '\uFEFFdescription: Said after a mark.\nlabels: { y: labels.txt }\n')
      .add('marked-yaml/labels.txt', '\uFEFFleft\r\nright\r\n')
      .model('marked-pbtxt', affine())
      .add('marked-pbtxt/config.pbtxt', `\uFEFF${LABELS('labels.txt')}`)
      .add('marked-pbtxt/labels.txt', '\uFEFFleft\nright\n');
    gateway = await Gateway.start(repository);
  });

  afterAll(() => tearDown(gateway, repository));

  it('every case below, and no other', async () => {
    const broken = (await gateway.index()).filter(({ state }) => state !== 'READY').map(({ name }) => name);
    expect(broken.toSorted()).toEqual(CASES.map(([name]) => name).toSorted());
    for (const model of ['good', 'circles']) expect((await gateway.infer(model, x)).status).toBe(200);
  });

  it.each(CASES)('%s', async (name, reason) => {
    const entry = (await gateway.index()).find((candidate) => candidate.name === name);
    expect(entry).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringMatching(reason) });
  });

  it('no byte order mark at the start of a file, which is skipped', async () => {
    expect((await gateway.send('/v1/models/marked-yaml')).json().description).toBe('Said after a mark.');
    for (const model of ['marked-yaml', 'marked-pbtxt']) {
      const { properties } = (await gateway.send(`/v2/models/${model}`)).json();
      expect(properties['labels.y']).toBe('["left","right"]');
    }
  });
});

it('a state file that is a pipe stops the start, and is not waited for', async () => {
  const repository = new Repository().model('good', affine());
  addPipe(repository, '.nexus-state.json');
  const { code, stderr } = await Gateway.failing({}, repository);
  repository.remove();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^NEXUS_STATE_FILE=\S+: cannot be read: it is not a regular file; repair it, /);
});

/** A user without privileges, where the tests run as root, whom no permissions stop. */
const USER = process.getuid?.() === 0 ? 65_534 : process.getuid!();
const probe = 'require("fs").accessSync("dist/main.js")';
const canRunAsUser = spawnSync(process.execPath, ['-e', probe], { uid: USER }).status === 0;

// Where the checkout is closed to others there is no such user; the links above tell most of it.
(canRunAsUser ? it : it.skip)('a folder without permissions, until it has them', async () => {
  const repository = new Repository().model('good', affine());
  chownSync(repository.path, USER, USER);
  const env = { NEXUS_MODEL_CONTROL_MODE: 'poll', NEXUS_REPOSITORY_POLL_SECS: '1', HOME: '/tmp' };
  const gateway = await Gateway.start(repository, env, { uid: USER });
  const stateOf = async (name: string) => (await gateway.index()).find((entry) => entry.name === name);
  const reached = async (name: string, state: string) => {
    while ((await stateOf(name))?.state !== state) await delay(5);
  };
  try {
    repository.model('locked', affine(3));
    chmodSync(join(repository.path, 'locked'), 0);
    repository.model('late', affine(4));
    await reached('late', 'READY');
    await reached('locked', 'UNAVAILABLE');
    expect((await stateOf('locked'))!.reason).toMatch(
      /the folder locked cannot be read: EACCES, the user of the gateway has no permission$/,
    );
    chmodSync(join(repository.path, 'locked'), 0o755);
    await reached('locked', 'READY');
    expect((await gateway.infer('locked', x)).body.outputs[0].data).toEqual([4, 7]);
  } finally {
    await gateway.stop();
    repository.remove();
  }
});
