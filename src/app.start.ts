import 'reflect-metadata';
import { bannerOf } from './app.banner';
import { Faults } from './app.faults';
import { listen, portsOf } from './app.listen';
import { printForPeople } from './app.print';
import { createApp } from './app.setup';
import { shutDownOn } from './app.shutdown';
import type { Signals } from './app.signals';
import type { Config } from './config/config';
import type { InheritedSockets } from './config/inherited-sockets';
import { shareOf } from './config/shares';
import { disableTelemetry } from './config/telemetry';
import { ModelRegistry } from './models/registry/model-registry';
import { Log } from './observability/log/log';
import { IpcCluster } from './processes/ipc-cluster';

/**
 * Starts the gateway as the only process.
 * @param sockets that it accepts connections of, in place of ports that it opens.
 * @throws ConfigError if it cannot start.
 */
export async function start(signals: Signals, config: Config, sockets: InheritedSockets): Promise<void> {
  disableTelemetry();
  const faults = new Faults();
  const app = await createApp(config);
  // Connections to a socket that another process has opened wait until they are accepted.
  if (config.listen === 'loaded' || Object.keys(sockets).length > 0) {
    await app.init();
    await app.get(ModelRegistry).loaded;
  }
  await listen(app, config, 'alone', sockets);
  shutDownOn(signals, faults, app, config);
  const banner = await bannerOf(app);
  const log = app.get(Log);
  // Lines of the log that are buffered come before the banner.
  log.flush();
  printForPeople(banner.listening);
  await app.get(ModelRegistry).loaded;
  log.flush();
  printForPeople(banner.loaded());
}

/** Starts one of the NEXUS_PROCESSES processes of the gateway. @throws ConfigError if it cannot start. */
export async function startOneOf(signals: Signals, all: Config): Promise<void> {
  disableTelemetry();
  const faults = new Faults();
  const cluster = await IpcCluster.connect(all.processes);
  const config = Object.assign(shareOf(all), cluster.ports);
  const app = await createApp(config, undefined, cluster);
  await app.init();
  await cluster.join();
  // While other processes serve, a process that still loads models must not receive requests.
  if (!cluster.isFirst || config.listen === 'loaded') await app.get(ModelRegistry).loaded;
  await listen(app, config, cluster.isFirst ? 'first' : 'further');
  shutDownOn(signals, faults, app, config);
  const banner = await bannerOf(app);
  const log = app.get(Log);
  log.flush();
  await cluster.listening(banner.listening, portsOf(app));
  await app.get(ModelRegistry).loaded;
  log.flush();
  await cluster.loaded(banner.loaded());
}
