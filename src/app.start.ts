import 'reflect-metadata';
import { showBanner } from './app.banner';
import { Faults } from './app.faults';
import { listen } from './app.listen';
import { createApp } from './app.setup';
import { shutDownOn } from './app.shutdown';
import type { Signals } from './app.signals';
import { ConfigError } from './config/config-error';
import { loadConfig } from './config/load-config';
import { disableTelemetry } from './config/telemetry';

/** Starts the gateway. If it cannot start, prints the reason and what to change, and exits with code 1. */
export async function start(signals: Signals): Promise<void> {
  try {
    const config = loadConfig();
    disableTelemetry();
    const faults = new Faults();
    const app = await createApp(config);
    await listen(app, config);
    shutDownOn(signals, faults, app, config);
    await showBanner(app);
  } catch (error) {
    const text = error instanceof ConfigError ? error.message : String((error as Error).stack ?? error);
    process.stderr.write(`${text}\n`, () => process.exit(1));
  }
}
