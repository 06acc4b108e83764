import { spawn } from 'node:child_process';

const OUTPUT_LINES = 80;
const terminal = process.stderr.isTTY;

/**
 * Runs a command and shows `label` with the elapsed seconds, updated live on a terminal. Hides the output of the command
 * unless it fails; then shows its last lines. Resolves to whether it succeeded.
 */
export async function runStep(label, file, args, options) {
  const { succeeded, output } = await tryStep(label, file, args, options);
  if (!succeeded) process.stderr.write(lastLines(output));
  return succeeded;
}

/** Same as {@link runStep}, for a command that may fail: never shows the output, but resolves to it as well. */
export async function tryStep(label, file, args, options) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const counter = terminal && setInterval(() => process.stderr.write(`\r${label} ... ${seconds()}`), 1000);
  process.stderr.write(`${label} ...${terminal ? '' : '\n'}`);
  const outcome = await capture(file, args, options);
  clearInterval(counter);
  const result = `${label}: ${outcome.succeeded ? '' : 'failed after '}${seconds()}\n`;
  process.stderr.write(terminal ? `\r\x1b[K${result}` : result);
  return outcome;
}

/** Prints what is wrong and what to do in one line, and exits with code 1. */
export function stop(message) {
  process.stderr.write(`nexus: ${message}\n`);
  process.exit(1);
}

function capture(file, args, options) {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ succeeded: false, output: error.message }));
    child.on('close', (code) => resolve({ succeeded: code === 0, output: Buffer.concat(chunks).toString() }));
  });
}

function lastLines(output) {
  const lines = output.trimEnd().split('\n');
  const left = lines.length - OUTPUT_LINES;
  const shown = left > 0 ? [`(${left} lines omitted)`, ...lines.slice(-OUTPUT_LINES)] : lines;
  return `${shown.join('\n')}\n`;
}
