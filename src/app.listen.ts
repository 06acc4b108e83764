import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from './config/config';
import { ConfigError } from './config/config-error';

/**
 * Starts to listen.
 * @throws {ConfigError} when the address cannot be had, naming the setting to change.
 */
export async function listen(app: NestFastifyApplication, config: Config): Promise<void> {
  try {
    await app.listen(config.port, config.host);
  } catch (error) {
    const reason = explain((error as NodeJS.ErrnoException).code, config);
    throw reason === undefined ? error : new ConfigError([reason]);
  }
}

function explain(code: string | undefined, { host, port }: Config): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `NEXUS_PORT=${port}: something else listens there on ${host}; stop it, or set another port`;
    case 'EACCES':
      return `NEXUS_PORT=${port}: this user may not listen there; set a port from 1024 up`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `NEXUS_HOST=${host}: this machine does not have that address; set 127.0.0.1, or 0.0.0.0 for all`;
    default:
      return undefined;
  }
}
