import 'reflect-metadata';
import { ConfigError } from '../../../src/config/config-error';
import { isSecret, loadConfig, type Flags } from '../../../src/config/load-config';
import { settingsInForce } from '../../../src/config/origins';

const flag = (name: string, value: string) => ({ name, value });

function faultOf(env: NodeJS.ProcessEnv, flags: Flags): ConfigError {
  try {
    loadConfig(env, flags);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('expected a fault');
}

it('take precedence over the environment, whose value is then not checked', () => {
  const config = loadConfig(
    { NEXUS_PORT: 'x', NEXUS_GRPC_PORT: '7000', NEXUS_BODY_LIMIT: '2048' },
    { port: flag('--port', '9000'), bodyLimit: flag('--body-limit', '1MiB') },
  );
  expect([config.port, config.grpcPort, config.bodyLimit]).toEqual([9000, 7000, 2 ** 20]);
});

it('set the default if they are empty', () => {
  const env = { NEXUS_PORT: '9000' };
  expect(loadConfig(env, { port: flag('--port', '') }).port).toBe(8000);
  expect(
    settingsInForce({ port: flag('--port', '') }, env).find(({ variable }) => variable === 'NEXUS_PORT'),
  ).toEqual({
    variable: 'NEXUS_PORT',
    value: '8000',
    standard: '8000',
    origin: 'default',
  });
});

it('are named in faults, whose exit code is then 2', () => {
  const fault = faultOf({ NEXUS_GRPC_PORT: 'y' }, { port: flag('--http-port', 'x') });
  expect(fault.lines).toEqual([
    '--http-port=x: expected a whole number from 0 to 65535; omit it to use the default, 8000',
    'NEXUS_GRPC_PORT=y: expected a whole number from 0 to 65535; unset it to use the default, 8001',
  ]);
  expect(fault.exitCode).toBe(2);
  expect(faultOf({ NEXUS_PORT: 'x' }, { host: flag('--host', '127.0.0.1') }).exitCode).toBe(1);
});

it('know which settings contain secrets', () => {
  expect(['apiKey', 'redisUrl', 'port', 'tlsKey'].map(isSecret)).toEqual([true, true, false, false]);
});
