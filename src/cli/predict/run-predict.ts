import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { asJson } from '../../observability/log/log-form';
import type { ModelDetails } from '../../rest/models/models.dto';
import { CommandError, usageError } from '../command-error';
import { GatewayClient, type GatewayRequest } from '../gateway-client';
import type { GatewayOptions } from '../gateway-options';
import { loadedVersion } from '../loaded-version';
import { ProgressLine } from '../progress-line';
import { tensorText, type TableTensor } from '../version-table';
import { predictionText, type Prediction } from './prediction-text';

/** Options of the command `predict`. */
export interface PredictOptions extends GatewayOptions {
  readonly file?: string;
  readonly data?: string;
  readonly version?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** A request, and the names of its rows. */
interface Sendable {
  readonly request: GatewayRequest;
  readonly rows: readonly string[];
}

/**
 * Sends one prediction, and prints the response: classes with bars, and other outputs as numbers.
 * @param texts one row each, for models that take text.
 * @throws CommandError
 */
export async function runPredict(
  model: string,
  texts: readonly string[],
  options: PredictOptions,
): Promise<void> {
  const client = GatewayClient.of(options);
  const { version, json } = options;
  const path = `/v1/models/${encodeURIComponent(model)}`;
  const inputs = () => inputsOf(client, path, model, version);
  const { request, rows } = await sendable(texts, options, inputs);
  const route = version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`;
  const line = new ProgressLine();
  const began = performance.now();
  const timer = setInterval(() => line.show(`waiting for ${model} ...`), 1000);
  const prediction = await client
    .json<Prediction>(`${route}/predict`, { ...request, method: 'POST' })
    .finally(() => {
      clearInterval(timer);
      line.clear();
    });
  const took = performance.now() - began;
  process.stdout.write(
    `${json === true ? asJson(JSON.stringify(prediction, undefined, 2)) : predictionText(prediction, rows, took)}\n`,
  );
}

/** The request for what the user has given. @throws CommandError usage */
async function sendable(
  texts: readonly string[],
  { file, data }: PredictOptions,
  inputs: () => Promise<readonly TableTensor[]>,
): Promise<Sendable> {
  const given = [texts.length > 0, file !== undefined, data !== undefined].filter(Boolean).length;
  if (given > 1) throw usage('expected one of text, --file and --data; came several');
  if (file !== undefined) return ofFile(file, inputs);
  if (data !== undefined) return ofJson(data, '--data', inputs);
  if (texts.length > 0) return ofTexts(texts, await inputs());
  if (process.stdin.isTTY) throw usage('expected text, --file, --data, or JSON on stdin; came nothing');
  return ofJson(await textOf(process.stdin), 'stdin', inputs);
}

async function ofFile(file: string, inputs: () => Promise<readonly TableTensor[]>): Promise<Sendable> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${file} cannot be read: ${error.code ?? error.message}`);
  });
  const extension = extname(file).toLowerCase();
  if (extension === '.json') return ofJson(bytes.toString('utf8'), file, inputs);
  // The gateway recognizes the format by the content.
  const headers = { 'content-type': `image/${extension.slice(1) || '*'}` };
  return { request: { headers, body: Uint8Array.from(bytes) }, rows: [] };
}

async function ofJson(
  text: string,
  source: string,
  inputs: () => Promise<readonly TableTensor[]>,
): Promise<Sendable> {
  const value = parsed(text, source);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && ('inputs' in value || 'instances' in value))
    // As it came, because numbers of 64 bits would change.
    return { request: { headers: JSON_TYPE, body: text }, rows: [] };
  if (isObject) return { request: { headers: JSON_TYPE, body: `{"inputs":${text}}` }, rows: [] };
  const [only, ...others] = await inputs();
  if (only === undefined || others.length > 0)
    throw usage(
      `expected ${source} with an object of inputs; came ${Array.isArray(value) ? 'an array' : 'a value'}`,
    );
  return {
    request: { headers: JSON_TYPE, body: `{"inputs":{${JSON.stringify(only.name)}:${text}}}` },
    rows: [],
  };
}

function parsed(text: string, source: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw usage(`expected JSON in ${source}: ${(error as Error).message}`);
  }
}

function ofTexts(texts: readonly string[], inputs: readonly TableTensor[]): Sendable {
  const [only, ...others] = inputs;
  if (only === undefined || others.length > 0 || only.datatype !== 'BYTES')
    throw usage(
      `expected --data or --file, because the model takes ${inputs.map(tensorText).join(', ')}; came text`,
    );
  const value = texts.length === 1 ? texts[0] : texts;
  return {
    request: { headers: JSON_TYPE, body: JSON.stringify({ inputs: { [only.name]: value } }) },
    rows: texts.length === 1 ? [] : texts,
  };
}

/** The inputs of the model: those of the version, or of the newest one that is known. */
async function inputsOf(
  client: GatewayClient,
  path: string,
  model: string,
  version: string | undefined,
): Promise<readonly TableTensor[]> {
  const details = await client.get<ModelDetails>(path);
  if (!Array.isArray(details.versions)) throw client.stranger();
  const named = details.versions.find((candidate) => candidate.version === version);
  const signature = named?.signature ?? loadedVersion(details)?.signature;
  if (signature !== undefined) return signature.inputs;
  throw new CommandError(
    `the inputs of ${model} are not known, because it has not been loaded`,
    'send the body of a prediction with --data',
  );
}

function usage(message: string): CommandError {
  return usageError(message, 'see nexus predict --help');
}
