import './app.engine';
import { Signals } from './app.signals';

/** Serves, or answers the arguments of the command line. */
async function main(): Promise<void> {
  // Before anything that takes time: a signal ends a start as it ends anything else.
  const signals = new Signals();
  const args = process.argv.slice(2);
  if (args.length === 0) {
    const { start } = await import('./app.start.js');
    return start(signals);
  }
  const { answerTo } = await import('./app.arguments.js');
  const { text, exitCode } = answerTo(args);
  (exitCode === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exitCode = exitCode;
}

void main();
