import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '../../../src/config/config';
import { ConfigError } from '../../../src/config/config-error';
import { loadConfig, variableOf } from '../../../src/config/load-config';

const repository = { NEXUS_MODEL_REPOSITORY: __dirname };

/** The lines that a start with these variables is refused with. */
function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig({ ...repository, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('returns the defaults if no setting is set', () => {
    expect(loadConfig(repository)).toEqual(Object.assign(new Config(), { modelRepository: [__dirname] }));
  });

  it('reads each type of setting', () => {
    const config = loadConfig({
      ...repository,
      NEXUS_PORT: '0',
      NEXUS_BODY_LIMIT: '16MiB',
      NEXUS_DEVICE: 'cuda:1',
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: 'digits, iris',
      NEXUS_TRUST_PROXY: '10.0.0.0/8,::1',
      NEXUS_REDIS_URL: 'rediss://user:password@localhost:6379/2',
    });
    expect(config).toMatchObject({
      port: 0,
      bodyLimit: 16_777_216,
      device: 'cuda:1',
      modelControlMode: 'explicit',
      loadModels: ['digits', 'iris'],
      trustProxy: ['10.0.0.0/8', '::1'],
      redisUrl: 'rediss://user:password@localhost:6379/2',
    });
  });

  it('treats an empty variable as unset', () => {
    expect(loadConfig({ ...repository, NEXUS_PORT: '' }).port).toBe(8000);
  });

  it('reports the setting, the value and how to fix it', () => {
    expect(faultsOf({ NEXUS_PORT: 'abc' })).toEqual([
      'NEXUS_PORT=abc: expected a whole number from 0 to 65535; unset it to use the default, 8000',
    ]);
  });

  it('reports one line per fault', () => {
    const faults = faultsOf({ NEXUS_PORT: '65536', NEXUS_DEVICE: 'gpu', NEXUS_LOG_LEVEL: 'loud' });
    expect(faults.map((line) => line.split(':')[0])).toEqual([
      'NEXUS_PORT=65536',
      'NEXUS_DEVICE=gpu',
      'NEXUS_LOG_LEVEL=loud',
    ]);
  });

  it.each([
    ['NEXUS_PORT', '80 80'],
    ['NEXUS_PORT', '1e3'],
    ['NEXUS_PORT', '-1'],
    ['NEXUS_BODY_LIMIT', '64MB'],
    ['NEXUS_BODY_LIMIT', '1'],
    ['NEXUS_REQUEST_TIMEOUT_MS', '0'],
    ['NEXUS_TRUST_PROXY', '10.0.0.0/33'],
    ['NEXUS_TRUST_PROXY', 'proxy.example'],
    ['NEXUS_TLS_CERT', 'tls.crt'],
    ['NEXUS_TLS_KEY', 'tls.key'],
    ['NEXUS_TLS_CLIENT_CA', 'ca.crt'],
    ['NEXUS_CORS_ORIGINS', 'app.example'],
    ['NEXUS_CORS_ORIGINS', 'https://app.example/'],
    ['NEXUS_CORS_ORIGINS', 'https://app.example:443'],
    ['NEXUS_CORS_ORIGINS', 'https://App.example'],
    ['NEXUS_CORS_ORIGINS', 'https://user@app.example'],
    ['NEXUS_CORS_ORIGINS', 'https://*.app.example'],
    ['NEXUS_CORS_ORIGINS', 'null'],
    ['NEXUS_HOST', 'http://localhost'],
    ['NEXUS_HOST', '[::]'],
    ['NEXUS_HOST', 'tcp://10.0.0.1:8000'],
    ['NEXUS_ADMIN_PORT', '65536'],
    ['NEXUS_ADMIN_PORT', 'on'],
    ['NEXUS_ADMIN_HOST', '127.0.0.1'],
    ['NEXUS_MODEL_CONTROL_MODE', 'polling'],
    ['NEXUS_REPOSITORY_POLL_SECS', '0'],
    ['NEXUS_SYSTEM_SHARED_MEMORY', 'test'],
    ['NEXUS_SYSTEM_SHARED_MEMORY', '/nowhere'],
    ['NEXUS_SYSTEM_SHARED_MEMORY', __filename],
  ])('refuses %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}=${value}: expected `)]);
  });

  it.each([
    'short-secret',
    'a secret with spaces',
    'sécrèt-sécrèt-sécrèt',
    ',',
    'correct-horse-battery,',
    '   ',
  ])('refuses the API key %j without showing it', (secret) => {
    expect(faultsOf({ NEXUS_API_KEY: secret })).toEqual([
      'NEXUS_API_KEY: expected keys of at least 16 printable ASCII characters without spaces, separated by commas; unset it',
    ]);
  });

  it.each([
    'localhost:6379',
    'http://localhost',
    'redis://localhost/cache',
    'http://user:sesame@localhost',
    'user:sesame@localhost',
    'redis://user:ses/ame@localhost',
    'redis://user:50%sesame@localhost',
  ])('refuses the URL of Redis %s without showing it', (url) => {
    expect(faultsOf({ NEXUS_REDIS_URL: url })).toEqual([
      'NEXUS_REDIS_URL: expected the URL of a Redis, such as redis://localhost:6379, or rediss://user:password@host:6379/2 for TLS, with special characters of the password percent-encoded; unset it',
    ]);
  });

  it('shows no password in other URLs', () => {
    expect(
      faultsOf({ NEXUS_OIDC_ISSUER: 'https://user:ses@me@issuer.example', NEXUS_OIDC_AUDIENCE: 'a' }),
    ).toEqual([
      expect.stringMatching(/^NEXUS_OIDC_ISSUER=https:\/\/\*\*\*@issuer\.example: expected the https URL/),
    ]);
  });

  it('does not take an API key for a variable of Kubernetes', () => {
    const apiKey = ['tcp://10.0.0.1:8000'];
    expect(loadConfig({ ...repository, NEXUS_API_KEY: apiKey[0] })).toMatchObject({ apiKey });
    expect(faultsOf({ NEXUS_API_KEY: 'tcp://short' })).toHaveLength(1);
  });

  it.each(['', '0', '9000'])('accepts the admin port "%s"', (port) => {
    expect(loadConfig({ ...repository, NEXUS_ADMIN_PORT: port }).adminPort).toBe(port);
  });

  it('reads several API keys', () => {
    expect(
      loadConfig({ ...repository, NEXUS_API_KEY: 'correct-horse-battery, staple-staple-staple' }),
    ).toMatchObject({
      apiKey: ['correct-horse-battery', 'staple-staple-staple'],
    });
  });
  it('rejects * together with other origins', () => {
    expect(faultsOf({ NEXUS_CORS_ORIGINS: '*,https://app.example' })).toEqual([
      'NEXUS_CORS_ORIGINS=*,https://app.example: expected * alone, or a list of origins; unset it',
    ]);
  });

  it.each(['*', 'https://app.example,http://localhost:3000', 'http://[::1]:8080', 'capacitor://localhost'])(
    'accepts the origins %s',
    (origins) => {
      expect(loadConfig({ ...repository, NEXUS_CORS_ORIGINS: origins }).corsOrigins).toEqual(
        origins.split(','),
      );
    },
  );

  it('rejects models to load outside explicit mode', () => {
    expect(faultsOf({ NEXUS_LOAD_MODELS: 'digits' })).toEqual([
      'NEXUS_LOAD_MODELS=digits: expected no value unless NEXUS_MODEL_CONTROL_MODE=explicit; unset it',
    ]);
  });

  it('rejects a repository that does not exist', () => {
    expect(faultsOf({ NEXUS_MODEL_REPOSITORY: './nowhere' })).toEqual([
      expect.stringMatching(
        /^NEXUS_MODEL_REPOSITORY=\.\/nowhere: expected existing folders of models, .* or URLs .*; unset it to use the default, \.\/models$/,
      ),
    ]);
  });

  it.each([
    's3://bucket',
    's3://bucket/some/prefix/',
    'gs://bucket/prefix',
    'hf://org/name',
    'hf://org/name@refs/pr/1',
    'https://host.example/models/SHA256SUMS',
    'https://host.example/faces.onnx',
    'http://127.0.0.1:8080/faces.onnx',
  ])('accepts the repository %s beside a folder', (url) => {
    const { modelRepository } = loadConfig({ NEXUS_MODEL_REPOSITORY: `${__dirname}, ${url}` });
    expect(modelRepository).toEqual([__dirname, url]);
  });

  it.each([
    's3://key:secret@bucket/prefix',
    's3://bucket/../other',
    'hf://name',
    'ftp://host.example/model.onnx',
    'http://host.example/model.onnx',
    'https://user:secret@host.example/model.onnx',
    'https://host.example/model.onnx?signature=secret',
    'https://host.example/models/',
  ])('rejects the repository %s, and does not repeat secrets', (url) => {
    const [line, ...others] = faultsOf({ NEXUS_MODEL_REPOSITORY: url });
    expect(line).toMatch(/^NEXUS_MODEL_REPOSITORY=.*: expected existing folders of models/);
    expect(line).not.toContain('secret');
    expect(others).toEqual([]);
  });

  it('reports which folders can be shared memory', () => {
    expect(loadConfig({ ...repository, NEXUS_SYSTEM_SHARED_MEMORY: __dirname })).toMatchObject({
      systemSharedMemory: __dirname,
    });
    expect(faultsOf({ NEXUS_SYSTEM_SHARED_MEMORY: '/nowhere' })).toEqual([
      'NEXUS_SYSTEM_SHARED_MEMORY=/nowhere: expected the absolute path of an existing folder, such as /dev/shm; unset it',
    ]);
  });

  it('rejects an unknown variable and suggests a similar one', () => {
    expect(faultsOf({ NEXUS_BODY_LIMITS: '1MiB' })).toEqual([
      'NEXUS_BODY_LIMITS: unknown setting; did you mean NEXUS_BODY_LIMIT?',
    ]);
  });

  it('suggests no variable if none is similar', () => {
    expect(faultsOf({ NEXUS_FOO: '1' })).toEqual(['NEXUS_FOO: unknown setting; unset it']);
    expect(faultsOf({ NEXUS_TELEMETRY_SAMPLING: '1' })).toEqual([
      'NEXUS_TELEMETRY_SAMPLING: unknown setting; unset it',
    ]);
  });

  it('ignores the variables that Kubernetes sets for a Service named nexus', () => {
    const links = {
      NEXUS_PORT: 'tcp://10.0.0.1:8000',
      NEXUS_SERVICE_HOST: '10.0.0.1',
      NEXUS_GATEWAY_SERVICE_PORT_HTTP: '8000',
      NEXUS_API_PORT: 'tcp://10.0.0.2:8000',
      NEXUS_ADMIN_PORT: 'tcp://10.0.0.3:9000',
      NEXUS_PORT_8000_TCP_ADDR: '10.0.0.1',
    };
    expect(loadConfig({ ...repository, ...links }).port).toBe(8000);
  });
});

describe('docs/configuration.md', () => {
  const text = readFileSync(join(__dirname, '../../../docs/configuration.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const defaults = new Map(
    rows.map((row) => row.split('|').map((cell) => cell.trim())).map((row) => [row[1], row[2]]),
  );

  it('lists exactly the existing settings, with their defaults', () => {
    const expected = Object.entries(new Config()).map(([field, value]) => {
      const isBytes = typeof value === 'number' && value > 0 && value % 2 ** 20 === 0;
      const standard = isBytes ? `${value / 2 ** 20}MiB` : String(value);
      return [`\`${variableOf(field)}\``, standard === '' ? 'none' : `\`${standard}\``] as const;
    });
    expect(defaults).toEqual(new Map(expected));
  });
});
