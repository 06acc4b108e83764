import './app.engine';
import { Signals } from './app.signals';

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
