import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Tokenizer } from 'tokenizers';
import { runnerEnvironment } from '../../config/runner-environment';
import { MAX_TOKENIZER_BYTES, type TrialReport } from './tokenizer-messages';

const MODEL_TYPES = ['BPE', 'WordPiece', 'Unigram', 'WordLevel'];

const TRIAL = join(__dirname, 'tokenizer-trial.js');

/** The trial takes about 0.3 s, or 2 s on a busy machine. */
const TRIAL_TIMEOUT_MS = 60_000;

/** A loaded file, without its truncation and padding. */
export interface LoadedTokenizer {
  readonly tokenizer: Tokenizer;
  /** SHA-256 of the file. */
  readonly digest: string;
}

/**
 * Loads a file in the format of tokenizer.json. It takes up to a few hundred milliseconds.
 *
 * @throws Error with one line for the operator.
 */
export function loadTokenizer(path: string): LoadedTokenizer {
  const contents = readRegular(path);
  const json = textOf(contents, path);
  let tokenizer: Tokenizer;
  try {
    tokenizer = Tokenizer.fromString(json);
  } catch (error) {
    throw fault(path, reasonOf(json, error), error);
  }
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  return { tokenizer, digest: createHash('sha256').update(contents).digest('hex') };
}

/**
 * Loads and uses a file in another process, because the native library ends its process on some broken files.
 *
 * @returns the SHA-256 of the file.
 * @throws Error with one line for the operator.
 */
export async function tryTokenizer(path: string): Promise<string> {
  const report = await new Promise<TrialReport>((resolve) => {
    const options = { timeout: TRIAL_TIMEOUT_MS, env: runnerEnvironment() };
    execFile(process.execPath, [TRIAL, path], options, (error, stdout, stderr) => {
      const panic = /panicked at [^\n]*\n([^\n]*)/.exec(stderr)?.[1];
      resolve(
        error === null
          ? (JSON.parse(stdout) as TrialReport)
          : {
              fault: fault(
                path,
                `ends the process that loads it (${oneLine(panic ?? error.signal ?? error.message)}); it is broken, or of a newer format`,
              ).message,
            },
      );
    });
  });
  if ('fault' in report) throw new Error(report.fault);
  return report.digest;
}

function readRegular(path: string): Buffer {
  let descriptor: number;
  try {
    // Opening a pipe would otherwise wait for a writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw fault(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw fault(path, 'expected a regular file');
    if (stats.size > MAX_TOKENIZER_BYTES)
      throw fault(
        path,
        `has ${Math.ceil(stats.size / 2 ** 20)} MiB, but at most ${MAX_TOKENIZER_BYTES / 2 ** 20} MiB are allowed`,
      );
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function textOf(contents: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(contents);
  } catch (error) {
    throw fault(path, 'is not valid UTF-8', error);
  }
}

/** Why the native library refused `json`. Its own message does not name an unknown type. */
function reasonOf(json: string, error: unknown): string {
  let state: unknown;
  try {
    state = JSON.parse(json);
  } catch {
    return `is not valid JSON (${oneLine(error)})`;
  }
  const type = (state as { model?: { type?: unknown } | null } | null)?.model?.type;
  if (type !== undefined && !MODEL_TYPES.includes(type as string))
    return `has a model of type ${oneLine(JSON.stringify(type))}; expected ${MODEL_TYPES.join(', ')}`;
  return `is not a tokenizer (${oneLine(error)})`;
}

function fault(path: string, reason: string, cause?: unknown): Error {
  return new Error(`${basename(path)}: ${reason}`, { cause });
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}
