import './app.engine';
import { Signals } from './app.signals';

/** Starts the gateway, or responds to the command-line arguments. */
async function main(): Promise<void> {
  // First, because a signal must also end a start that is in progress.
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
