import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { nexus, reasonOf } from '../support/nexus';
import { tearDown } from '../support/tear-down';

const KEY = 'a-secret-of-the-operator';

const repository = new Repository()
  .sample('language')
  .sample('text-direction')
  .model('double', affine())
  .model('broken', Buffer.from('no model'));
const folder = mkdtempSync(join(tmpdir(), 'nexus-cli-'));
let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start(repository, {
    NEXUS_API_KEY: KEY,
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: '*',
  });
});
afterAll(async () => {
  await tearDown(gateway, repository);
  rmSync(folder, { recursive: true });
});

/** Runs a command for the gateway, with its key. */
function call(...args: readonly string[]) {
  return nexus(args, { NEXUS_API_KEY: KEY, NEXUS_PORT: new URL(gateway.url).port });
}

describe('models', () => {
  it('prints a row for each version, and the reasons', async () => {
    const { status, stdout } = await call('models');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^language +1 +READY +cpu +text BYTES\[-1\] +label BYTES\[-1\] .* +64 rows +\d+ MiB$/m,
    );
    expect(stdout).toMatch(/^broken +1 +UNAVAILABLE +- +-/m);
    expect(stdout).toMatch(/^ {2}broken\/1: ./m);
    expect(stdout).not.toContain('\u001B');
  });

  it('prints the details as JSON', async () => {
    const { stdout } = await call('models', '--json');
    expect(
      JSON.parse(stdout).map(({ name, ready }: { name: string; ready: boolean }) => [name, ready]),
    ).toEqual([
      ['broken', false],
      ['double', true],
      ['language', true],
      ['text-direction', true],
    ]);
  });
});

describe('predict', () => {
  it('sends texts, and prints the classes of each with bars', async () => {
    const { status, stdout } = await call('predict', 'language', 'Where is the station?', 'Où est la gare ?');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^language\/1 [\d.]+ ms\n\nWhere is the station\?\n +label +en\n +probabilities +en +\d+\.\d % +█+\n/,
    );
    expect(stdout).toMatch(/\n\nOù est la gare \?\n +label +fr\n/);
  });

  it('sends a picture', async () => {
    const { stdout } = await call(
      'predict',
      'text-direction',
      '--file',
      'models/text-direction/upside-down.png',
    );
    expect(stdout).toMatch(/^text-direction\/1 .*\n +scores +upside-down +\d+\.\d % +█+\n/);
  });

  it('sends JSON: a body, the inputs by name, or the value of the only input', async () => {
    const file = join(folder, 'body.json');
    writeFileSync(file, '{"instances":[[1,2],[3,4]]}');
    const two = (await call('predict', 'double', '--file', file)).stdout;
    expect(two).toMatch(/\n\nrow 0\n +y +3 +5\n\nrow 1\n +y +7 +9\n$/);
    const env = { NEXUS_API_KEY: KEY };
    for (const input of ['{"inputs":{"x":[1,2]}}', '{"x":[1,2]}', '[1,2]']) {
      const { stdout } = await nexus(['predict', 'double', '--json', '--url', gateway.url], env, input);
      expect(JSON.parse(stdout)).toEqual({ model: 'double', version: '1', outputs: { y: [3, 5] } });
    }
  });

  it.each([
    [
      ['double', 'hello'],
      2,
      /^predict: expected --data or --file, because the model takes x FP32\[-1,-1\]; came text; see /,
    ],
    [
      ['double', 'hello', '--data', '1'],
      2,
      /^predict: expected one of text, --file and --data; came several; see /,
    ],
    [['double', '--data', '{'], 2, /^predict: expected JSON in --data: .*; see nexus predict --help\n$/],
    [['double', '--file', '/nonexistent.png'], 1, /^predict: \/nonexistent.png cannot be read: ENOENT\n$/],
    [['double', '--data', '{"inputs":{"x":["a"]}}'], 1, /^predict: .*inputs.*\(HTTP 400\)\n$/],
    [['nope', 'hello'], 1, /^predict: model 'nope' not found.*\(HTTP 404\)/],
    [
      ['double', '--version', '7', '--data', '[1,2]'],
      1,
      /^predict: model 'double' version 7 not found; .*\(HTTP 404\)/,
    ],
    [['broken', 'hello'], 1, /^predict: the inputs of broken are not known/],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await call('predict', ...args);
    expect([result.status, result.stdout]).toEqual([code, '']);
    expect(reasonOf(result)).toMatch(message);
  });
});

describe('load and unload', () => {
  it('change a model, or a version of it', async () => {
    const state = async () => (await call('models')).stdout.match(/^double +1 +(\w+)/m)?.[1];
    expect((await call('unload', 'double')).stdout).toMatch(/^unloaded double in \d+ ms\n$/);
    expect(await state()).toBe('UNAVAILABLE');
    const { status, stdout } = await call('load', 'double', '--version', '1', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      model: 'double',
      version: '1',
      change: 'loaded',
      took_ms: expect.any(Number),
    });
    expect(await state()).toBe('READY');
  });

  it('exit with 1 for a model that does not load', async () => {
    const result = await call('load', 'broken');
    expect([result.status, result.stdout]).toEqual([1, '']);
    expect(reasonOf(result)).toMatch(/^load: .*broken.*\(HTTP \d+\)\n$/);
  });
});

describe('the gateway', () => {
  it('needs a key, which comes from the environment and is not printed', async () => {
    const result = await nexus(['models', '--url', gateway.url], {
      NEXUS_API_KEY: 'a-key-that-is-unknown',
    });
    expect([result.status, result.stdout]).toEqual([1, '']);
    expect(reasonOf(result)).toMatch(
      /^models: .*\(HTTP 401\); set NEXUS_API_KEY to a key that is allowed to do this\n$/,
    );
    expect(result.stderr).not.toContain('a-key-that-is-unknown');
  });

  it('is missing: exit code 3', async () => {
    const result = await nexus(['models', '--url', '127.0.0.1:1']);
    expect([result.status, result.stdout]).toEqual([3, '']);
    expect(reasonOf(result)).toMatch(
      /^models: cannot reach http:\/\/127\.0\.0\.1:1: .*; start it with: nexus serve, or name another with --url\n$/,
    );
  });

  it('is not trusted: what another server sends reaches neither the terminal nor a shell', async () => {
    const evil = '\u001B]0;title\u0007\u009B2J\nx';
    const names = ['$(touch${IFS}evil)', evil, 'fine'];
    const seen: unknown[] = [];
    const server = createServer(({ url = '', headers }, response) => {
      seen.push(headers['x-api-key']);
      if (url === '/v2/repository/index')
        response.end(
          JSON.stringify(names.map((name) => ({ name, version: '1', state: 'UNAVAILABLE', reason: evil }))),
        );
      else if (url.includes('moved')) response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      else if (url.includes('page')) response.end('<html>');
      else response.writeHead(404).end(JSON.stringify({ error: evil }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const env = { NEXUS_PORT: String((server.address() as AddressInfo).port) };
      // Alone, because it waits only a second for the gateway.
      const completion = await nexus(['complete', '--', 'predict', ''], env);
      expect(completion.stdout).toBe('fine\tmodel\n');
      const results = await Promise.all([
        nexus(['models'], env),
        nexus(['predict', 'evil', 'text'], env),
        nexus(['predict', 'page', 'text'], env),
        nexus(['predict', 'moved', 'text'], env),
      ]);
      expect(results.map(({ status }) => status)).toEqual([0, 1, 1, 1]);
      const printed = results.map(({ stdout, stderr }) => stdout + stderr);
      for (const text of printed) expect(text).not.toMatch(/[^\n\t\P{Cc}]/u);
      expect(printed[2]).toMatch(/^predict: expected a Nexus gateway at .*; name the gateway with --url\n$/);
      expect(printed[3]).toMatch(/^predict: .* redirects are not followed\n$/);
      const requests = seen.length;
      const { status, stdout, stderr } = await nexus(['models'], { ...env, NEXUS_API_KEY: 'secret\nkey' });
      expect([status, stdout, stderr.includes('secret')]).toEqual([2, '', false]);
      expect(seen).toHaveLength(requests);
    } finally {
      server.close();
    }
  });

  it('offers its models for completion', async () => {
    expect((await call('complete', '--', 'predict', 'l')).stdout).toContain('language\tmodel\n');
  });
});
