import './app.engine';
import cluster from 'node:cluster';
import { Signals } from './app.signals';
import { ConfigError } from './config/config-error';

/** Starts the gateway, edits the keys file, or responds to other command-line arguments. */
async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args[0] === 'keys') {
    const { runKeys } = await import('./app.keys.js');
    process.exitCode = await runKeys(args.slice(1));
    return;
  }
  // Before anything else, because a signal must also end a start that is in progress.
  const signals = new Signals();
  if (args.length === 0) return start(signals);
  const { answerTo } = await import('./app.arguments.js');
  const { text, exitCode } = answerTo(args);
  (exitCode === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exitCode = exitCode;
}

/** Starts the gateway. If it cannot start, prints the reason and what to change, and exits with code 1. */
async function start(signals: Signals): Promise<void> {
  try {
    const { loadConfig } = await import('./config/load-config.js');
    const config = loadConfig();
    if (config.processes > 1 && cluster.isPrimary) {
      const { startAll } = await import('./app.primary.js');
      return startAll(signals, config);
    }
    const { start: startAlone, startOneOf } = await import('./app.start.js');
    await (config.processes > 1 ? startOneOf(signals, config) : startAlone(signals, config));
  } catch (error) {
    const text = error instanceof ConfigError ? error.message : String((error as Error).stack ?? error);
    process.stderr.write(`${text}\n`, () => process.exit(1));
  }
}

void main();
