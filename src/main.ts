#!/usr/bin/env node
import './app.node';
import './app.engine';
import cluster from 'node:cluster';
import { Signals } from './app.signals';
import { ConfigError } from './config/config-error';
import type { Flags } from './config/load-config';

/** Starts the gateway, or runs the command in the arguments. */
async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.length === 0) return start({});
  const { runProgram } = await import('./cli/program.js');
  process.exitCode = await runProgram(args, start);
}

/** Starts the gateway. If it cannot start, prints the reason and what to change, and exits. */
async function start(flags: Flags): Promise<void> {
  // Before anything else, because a signal must also end a start that is in progress.
  const signals = new Signals();
  try {
    const { loadConfig } = await import('./config/load-config.js');
    const { inheritedSockets } = await import('./config/inherited-sockets.js');
    const config = loadConfig(undefined, flags);
    const sockets = inheritedSockets(config.processes);
    if (config.processes > 1 && cluster.isPrimary) {
      const { startAll } = await import('./app.primary.js');
      return startAll(signals, config);
    }
    const { start: startAlone, startOneOf } = await import('./app.start.js');
    await (config.processes > 1 ? startOneOf(signals, config) : startAlone(signals, config, sockets));
  } catch (error) {
    const [text, code] =
      error instanceof ConfigError
        ? [error.message, error.exitCode]
        : [String((error as Error).stack ?? error), 1];
    process.stderr.write(`${text}\n`, () => process.exit(code));
  }
}

void main();
