import './app.engine';
import 'reflect-metadata';
import { showBanner } from './app.banner';
import { listen } from './app.listen';
import { createApp } from './app.setup';
import { shutDownOnSignals } from './app.shutdown';
import { ConfigError } from './config/config-error';
import { loadConfig } from './config/load-config';
import { disableTelemetry } from './config/telemetry';

/** Starts the gateway; a start that needs the operator ends with lines that say what to change. */
async function main(): Promise<void> {
  const config = loadConfig();
  disableTelemetry();
  const app = await createApp(config);
  await listen(app, config);
  shutDownOnSignals(app, config);
  await showBanner(app);
}

main().catch((error: unknown) => {
  const text = error instanceof ConfigError ? error.message : String((error as Error).stack ?? error);
  process.stderr.write(`${text}\n`, () => process.exit(1));
});
