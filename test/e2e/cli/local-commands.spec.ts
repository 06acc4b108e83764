import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { nexus } from '../support/nexus';
import { tearDown } from '../support/tear-down';

const KEY = 'a-secret-of-the-operator';
const PASSWORD = 'a-password-of-redis';

const sound = new Repository().model('double', affine()).model('late', affine(), 'load: on_demand');
const faulty = new Repository()
  .model('double', affine())
  .model('broken', Buffer.from('no model'), 'load: on_demand')
  .model('misspelt', affine(), 'instence: 2');
const empty = new Repository();
let busy: Server;
let gateway: Gateway | undefined;

beforeAll(async () => {
  busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
});
afterAll(() => tearDown(gateway, sound, faulty, empty, busy));

function portOf(server: Server): string {
  return String((server.address() as AddressInfo).port);
}

describe('check', () => {
  it('loads every model, also one that loads on demand, and exits with 0', async () => {
    const { status, stdout, stderr } = await nexus(['check', sound.path]);
    expect([status, stderr.includes('check:')]).toEqual([0, false]);
    expect(stdout).not.toContain('\u001B');
    const [header, ...rows] = stdout.trimEnd().split('\n');
    expect(header!.split(/ {2,}/)).toEqual([
      'MODEL',
      'VERSION',
      'STATE',
      'DEVICE',
      'INPUTS',
      'OUTPUTS',
      'BATCH',
      'LOAD',
    ]);
    const cells = rows.map((row) => row.split(/ {2,}/).slice(0, 4));
    expect(cells).toEqual([
      ['double', '1', 'READY', 'cpu'],
      ['late', '1', 'READY', 'cpu'],
    ]);
  });

  it('exits with 1, and prints why versions are not ready', async () => {
    const env = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: 'double' };
    const { status, stdout, stderr } = await nexus(
      ['check', faulty.path, '--json', '--load-models', 'double,nope'],
      env,
    );
    expect([status, stderr.split('\n').at(-2)]).toEqual([1, `check: 3 problems in ${faulty.path}`]);
    const { ok, versions, problems } = JSON.parse(stdout) as {
      ok: boolean;
      versions: { model: string; state: string; reason: string }[];
      problems: string[];
    };
    expect(ok).toBe(false);
    expect(versions.map(({ model, state }) => [model, state])).toEqual([
      ['broken', 'UNAVAILABLE'],
      ['double', 'READY'],
      ['misspelt', 'UNAVAILABLE'],
    ]);
    expect(problems).toEqual([
      expect.stringMatching(/^broken\/1: ./),
      expect.stringMatching(/^misspelt\/1: .*instence/),
      "NEXUS_LOAD_MODELS: the model repository has no model 'nope'",
    ]);
  });

  it('exits with 1 for a folder without models', async () => {
    expect(await nexus(['check', empty.path])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(`no models found in ${empty.path}`),
    });
  });
});

describe('config', () => {
  const env = {
    NEXUS_API_KEY: KEY,
    NEXUS_REDIS_URL: `redis://user:${PASSWORD}@127.0.0.1:1`,
    NEXUS_PORT: '9000',
    NEXUS_LOG_LEVEL: 'warn',
  };

  it('prints the settings that differ, and where each comes from, without secrets', async () => {
    const { status, stdout } = await nexus(['config', sound.path, '--log-level', 'error', '--json'], env);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { setting: 'NEXUS_PORT', value: '9000', default: '8000', from: 'environment' },
      { setting: 'NEXUS_MODEL_REPOSITORY', value: sound.path, default: './models', from: 'flag' },
      { setting: 'NEXUS_REDIS_URL', value: '***', default: '', from: 'environment' },
      { setting: 'NEXUS_API_KEY', value: '***', default: '', from: 'environment' },
      { setting: 'NEXUS_LOG_LEVEL', value: 'error', default: 'info', from: 'flag' },
    ]);
  });

  it('prints all of them with --all', async () => {
    const { stdout } = await nexus(['config', '--all'], env);
    expect(stdout).toMatch(/^NEXUS_HOST +127\.0\.0\.1 +default$/m);
    expect(stdout).toMatch(/^NEXUS_PORT +9000 +environment +8000$/m);
    expect(stdout).not.toContain(KEY);
    expect(stdout).not.toContain(PASSWORD);
  });

  it('exits with 1 for a variable that is not valid', async () => {
    expect(await nexus(['config'], { NEXUS_PORT: 'x' })).toEqual({
      status: 1,
      stdout: '',
      stderr: 'NEXUS_PORT=x: expected a whole number from 0 to 65535; unset it to use the default, 8000\n',
    });
  });
});

describe('doctor', () => {
  const free = ['--port', '0', '--grpc-port', '0'];

  it('tries ONNX Runtime, and exits with 0 if it finds no problem', async () => {
    const { status, stdout } = await nexus(['doctor', sound.path, ...free, '--device', 'cpu', '--json']);
    const { ok, findings } = JSON.parse(stdout) as {
      ok: boolean;
      findings: { name: string; status: string; text: string }[];
    };
    expect([status, ok]).toEqual([0, true]);
    expect(findings.map(({ name }) => name)).toEqual([
      'CPU',
      'Memory',
      'Shared memory',
      'Open files',
      'Node.js',
      'Container',
      'ONNX Runtime',
      'GPU',
      'Ports',
      'Models',
      'Access',
    ]);
    expect(findings[6]).toMatchObject({ status: 'ok', text: expect.stringMatching(/^\d+\.\d+\.\d+ \(cpu/) });
    expect(findings[9]!.text).toContain(`2 in ${sound.path}`);
  });

  it('exits with 1, and says how to fix each problem, without secrets', async () => {
    const env = {
      NEXUS_HOST: '127.0.0.1',
      NEXUS_PORT: portOf(busy),
      NEXUS_GRPC_PORT: '0',
      NEXUS_REDIS_URL: `redis://user:${PASSWORD}@127.0.0.1:1`,
      NEXUS_TLS_CERT: '/nonexistent/cert.pem',
      NEXUS_TLS_KEY: '/nonexistent/key.pem',
      NEXUS_KEYS_FILE: '/nonexistent/keys.yaml',
    };
    const { status, stdout, stderr } = await nexus(['doctor', empty.path], env);
    expect(status).toBe(1);
    expect(stderr.split('\n').at(-2)).toBe('doctor: found 4 problems');
    expect(stdout).toMatch(
      /^problem +Ports +NEXUS_PORT=\d+: the port is already in use on 127\.0\.0\.1\n +fix: stop /m,
    );
    expect(stdout).toMatch(/^problem +Redis +127\.0\.0\.1:1 does not answer\n +fix: start it/m);
    expect(stdout).toMatch(/^problem +TLS +NEXUS_TLS_CERT=.*ENOENT.*\n +fix: /m);
    expect(stdout).toMatch(/^problem +Access +\/nonexistent\/keys\.yaml: cannot be read: ENOENT.*\n +fix: /m);
    expect(stdout).toMatch(/^warning +Models +.* has no models\n +fix: /m);
    expect(stdout + stderr).not.toContain(PASSWORD);
  });

  it('says what CUDA needs where there is a GPU', async () => {
    const folder = new Repository();
    folder.add('nvidia-smi', '#!/bin/sh\necho "NVIDIA H200, 590.10, 143771 MiB"\n');
    chmodSync(join(folder.path, 'nvidia-smi'), 0o755);
    const env = { PATH: `${folder.path}:${process.env['PATH']}` };
    const { stdout } = await nexus(['doctor', sound.path, ...free], env).finally(() => folder.remove());
    expect(stdout).toMatch(/^ok +GPU +0: NVIDIA H200, driver 590\.10, 143771 MiB$/m);
    // The package of ONNX Runtime that is installed here has no CUDA.
    expect(stdout).toMatch(
      /^warning +CUDA +ONNX Runtime has no libonnxruntime_providers_cuda\.so\n +fix: .*DEVICE=cuda/m,
    );
  });

  it('reports settings that are not valid', async () => {
    const { status, stdout } = await nexus(['doctor', '--device', 'gpu']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^problem +Settings +--device=gpu: expected auto, cpu, cuda.*\n +fix: omit it/m);
  });
});

describe('serve', () => {
  it('takes settings as flags, which win over the environment, in every process', async () => {
    const flags = [
      '--http-port',
      '0',
      '--model-control-mode',
      'poll',
      '--processes',
      '2',
      '--body-limit',
      '2KiB',
    ];
    gateway = await Gateway.start(
      empty,
      { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_BODY_LIMIT: '1MiB' },
      { args: ['serve', sound.path, ...flags] },
    );
    expect((await gateway.index()).map(({ name }) => name)).toEqual(['double', 'late']);
    const body = JSON.stringify({ inputs: { x: [1, 2] }, id: 'a'.repeat(3000) });
    for (let sent = 0; sent < 8; sent++) {
      const answer = await gateway.send('/v1/models/double/predict', { method: 'POST', body });
      expect(answer.status).toBe(413);
    }
    const unchanged = await gateway.send('/v2/repository/models/double/unload', { method: 'POST' });
    expect(unchanged.status).toBe(400);
    expect(await gateway.stop()).toBe(0);
  });
});
