import { runnerEnvironment } from './runner-environment';

/** Settings of the environment that a private gateway keeps, because they decide how models run. */
const KEPT: readonly string[] = ['NEXUS_DEVICE'];

/**
 * The environment of a gateway that a command starts for itself, on free ports of the loopback address: without the settings of
 * the operator's gateway, its keys, its limits and its traces.
 * @param repository folder of its models, which it loads when asked.
 */
export function privateGatewayEnvironment(
  repository: string,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => KEPT.includes(name));
  return {
    ...runnerEnvironment(env),
    ...Object.fromEntries(kept),
    NEXUS_HOST: '127.0.0.1',
    NEXUS_PORT: '0',
    NEXUS_GRPC_PORT: '0',
    NEXUS_MODEL_REPOSITORY: repository,
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_RATE_LIMIT: '0',
    NEXUS_DRAIN_DELAY_MS: '0',
    NEXUS_LOG_LEVEL: 'error',
    NEXUS_LOG_FORMAT: 'json',
  };
}
