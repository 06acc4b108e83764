import 'reflect-metadata';
import { addressesOf, modelsOf } from './app.banner';
import { Faults } from './app.faults';
import { listen, portsOf } from './app.listen';
import { printForPeople } from './app.print';
import { createApp } from './app.setup';
import { shutDownOn } from './app.shutdown';
import type { Signals } from './app.signals';
import type { Config } from './config/config';
import { shareOf } from './config/shares';
import { disableTelemetry } from './config/telemetry';
import { ModelRegistry } from './models/registry/model-registry';
import { IpcSiblings } from './processes/ipc-siblings';

/** Starts the gateway as the only process. @throws ConfigError if it cannot start. */
export async function start(signals: Signals, config: Config): Promise<void> {
  disableTelemetry();
  const faults = new Faults();
  const app = await createApp(config);
  await listen(app, config);
  shutDownOn(signals, faults, app, config);
  printForPeople(await addressesOf(app));
  printForPeople(await modelsOf(app));
}

/** Starts one of the NEXUS_PROCESSES processes of the gateway. @throws ConfigError if it cannot start. */
export async function startOneOf(signals: Signals, all: Config): Promise<void> {
  disableTelemetry();
  const faults = new Faults();
  const siblings = await IpcSiblings.connect(all.processes);
  const config = Object.assign(shareOf(all), siblings.ports);
  const app = await createApp(config, undefined, siblings);
  await app.init();
  await siblings.join();
  // Where others serve, no client meets a process that is still loading.
  if (!siblings.isFirst) await app.get(ModelRegistry).loaded;
  await listen(app, config, siblings.isFirst ? 'first' : 'further');
  shutDownOn(signals, faults, app, config);
  await siblings.listening(await addressesOf(app), portsOf(app));
  await siblings.loaded(await modelsOf(app));
}
