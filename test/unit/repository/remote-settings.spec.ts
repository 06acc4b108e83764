import { fallbacksOf, queueLimitOf, targetsByVersion } from '../../../src/repository/remote-settings';
import { scanRepository } from '../../../src/repository/repository';
import { readModelSettings } from '../../../src/repository/description/model-yaml';
import { describeModel } from '../../../src/repository/description/model-description';
import { Repository } from '../../e2e/support/gateway';

let repository: Repository;
beforeEach(() => void (repository = new Repository()));
afterEach(() => repository.remove());

/** Reads `yaml` as the model.yaml of a model. */
function read(yaml: string) {
  repository.add('model/model.yaml', yaml);
  return readModelSettings({ folder: `${repository.path}/model` }, repository.path);
}

/** What reading `yaml` fails with, without the path of the repository. */
async function fault(yaml: string): Promise<string> {
  const error = await read(yaml).then(
    () => new Error('it was accepted'),
    (refusal: Error) => refusal,
  );
  return error.message.replace(/^.*model\/model\.yaml/, 'model.yaml');
}

it('reads the targets of a model with everything that they can have', async () => {
  const settings = await read(`
targets:
  - url: https://gpu-1:8443
    protocol: v2
    model: resnet
    version: 3
    weight: 2
    region: eu
    api_key: env:GPU_KEY
    headers: { x-team: search, x-key: "file:/run/key" }
    tls: { ca: ca.pem, certificate: client.pem, key: client.key, server_name: gpu }
    max_in_flight: 64
  - { url: grpcs://gpu-2:8444, protocol: v2-grpc }
remote: { session: prefix, retries: 1, hedge: true, connect_timeout_ms: 500, heartbeat_ms: 1000 }
fallback: [small, { model: other, on: [overloaded] }]
labels: { y: [a, b] }
`);
  const targets = targetsByVersion(settings)['1']!;
  expect(targets).toHaveLength(2);
  expect(targets[0]).toMatchObject({ version: 3, weight: 2, api_key: 'env:GPU_KEY' });
  expect(settings.remote).toMatchObject({ session: 'prefix', retries: 1, hedge: true });
  expect(fallbacksOf(settings)).toEqual([{ model: 'small' }, { model: 'other', on: ['overloaded'] }]);
});

it('reads the targets of each version', async () => {
  const yaml = 'targets: { 2: [{ url: "http://b" }], 1: [{ url: "http://a" }] }\nversions: { latest: 1 }';
  repository.add('gpu.yaml', yaml);
  const { models } = await scanRepository(repository.path);
  const { settings, versions } = await describeModel(models[0]!);
  expect(versions).toEqual([{ version: '2' }]);
  expect(targetsByVersion(settings)).toEqual({ 1: [{ url: 'http://a' }], 2: [{ url: 'http://b' }] });
});

it('reads when requests overflow', async () => {
  const { overflow } = await read('overflow: { to: [{ url: "http://gpu:8000" }], when: queue_ms > 200 }');
  expect(queueLimitOf(overflow!)).toBe(200);
  expect(queueLimitOf({ to: [] })).toBe(Infinity);
});

it.each([
  [
    'targets: [{ url: "ftp://gpu" }]',
    'model.yaml:1: targets.0.url must be a URL such as http://gpu-1:8000, without user, password, query or fragment',
  ],
  [
    'targets: [{ url: "http://user:secret@gpu" }]',
    'model.yaml:1: targets.0.url must be a URL such as http://gpu-1:8000, without user, password, query or fragment',
  ],
  [
    'targets: [{ url: "http://gpu", api_key: sk-secret }]',
    'model.yaml:1: targets.0.api_key must be env:NAME or file:/path, because secrets do not belong in this file',
  ],
  [
    'targets: [{ url: "http://gpu", protocol: openai }, { url: "http://other" }]',
    'model.yaml:1: targets must all speak openai, or none: their requests have nothing in common',
  ],
  [
    'targets: [{ url: "http://gpu" }, { url: "http://gpu/prefix" }]',
    'model.yaml:1: targets.1.url is the address of another target, gpu; use one target for each address',
  ],
  [
    'targets: [{ url: "http://gpu", tls: { ca: ca.pem } }]',
    'model.yaml:1: targets.0.url is not encrypted, but tls is set; use https, or grpcs for v2-grpc',
  ],
  [
    'targets: [{ url: "https://gpu", tls: { certificate: c.pem } }]',
    'model.yaml:1: targets.0.tls needs both certificate and key, or neither',
  ],
  [
    'targets: [{ url: "grpc://gpu" }]',
    'model.yaml:1: targets.0.url has the scheme grpc, which is only for protocol: v2-grpc',
  ],
  [
    'targets: [{ url: "http://gpu" }]\ninstances: 2',
    'model.yaml:2: instances cannot be set for a model with targets, which has no file here; set it at the servers, or remove it',
  ],
  [
    'targets: { 1: [{ url: "http://a" }], 2: [{ url: "grpc://b" }] }',
    'model.yaml:1: targets.2.0.url has the scheme grpc, which is only for protocol: v2-grpc',
  ],
  ['remote: { hedge: true }', 'model.yaml:1: remote is only for models with targets or overflow'],
  [
    'overflow: { to: [{ url: "http://gpu", protocol: openai }] }',
    'model.yaml:1: overflow must be servers of protocol v2 or v2-grpc, because the local model takes tensors',
  ],
  [
    'overflow: { to: [{ url: "http://gpu" }], when: cpu > 3 }',
    'model.yaml:1: overflow.when must be queue_ms > N, with a whole number of milliseconds',
  ],
])('refuses %s', async (yaml, message) => {
  expect(await fault(yaml)).toBe(message);
});

it('finds models that are one file, and refuses a name that is used twice', async () => {
  repository
    .add('gpt.yaml', 'targets: [{ url: "http://gpu/v1", protocol: openai }]')
    .add('notes.yaml', 'description: a model without targets')
    .add('twice.yaml', 'targets: [{ url: "http://gpu" }]')
    .add('twice/model.yaml', 'targets: [{ url: "http://gpu" }]')
    .add('folder/model.yaml', 'targets: [{ url: "http://gpu" }]');
  const { models } = await scanRepository(repository.path);
  expect(models.map(({ name }) => name)).toEqual(['folder', 'gpt', 'notes', 'twice']);
  const [folder, gpt, notes, twice] = await Promise.all(models.map((model) => describeModel(model)));
  expect(folder).toMatchObject({ versions: [{ version: '1' }], settings: { targets: [{}] } });
  expect(folder!.versions[0]!.reason).toBeUndefined();
  expect(gpt).toMatchObject({
    versions: [{ version: '1' }],
    settings: { targets: [{ protocol: 'openai' }] },
  });
  expect(notes!.refusal).toBe(
    'notes.yaml: expected targets, because only models that other servers run have no folder; add targets, or move the file to notes/model.yaml',
  );
  expect(twice!.refusal).toBe(
    'the folder twice and the file twice.yaml both define the model; remove one of them',
  );
});
