import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import Ajv, { type ErrorObject } from 'ajv';
import { isMap, LineCounter, parseDocument, type Document } from 'yaml';
import type { Device } from '../runtime/messages';
import type { TensorSpec } from '../runtime/tensor';
import type { DeclaredTensors } from './declared-tensors';
import type { VersionPolicy } from './rest/configuration.dto';
import { readInnerFile } from './inner-file';
import schema from './model.schema.json';

/** One run on zeros before READY. */
export interface WarmUp {
  readonly rows: number;
  /** Size of every variable dimension but the first. */
  readonly dims?: number;
}

/** An input of a warm-up, of a fixed shape. */
export interface WarmUpTensor extends TensorSpec {
  /** Its bytes in pieces, or how to make them. */
  readonly fill: 'zeros' | 'random' | readonly Uint8Array[];
}

/** Some equal runs before READY, on inputs that are told. */
export interface WarmUpSample {
  readonly inputs: readonly WarmUpTensor[];
  readonly count: number;
}

/**
 * What is set for one model: model.yaml as it is written, whose keys model.schema.json explains, or what a
 * config.pbtxt comes to.
 */
export interface ModelSettings extends OnlyInTritonConfig {
  readonly description?: string;
  readonly device?: Device;
  readonly instances?: number;
  readonly threads?: number;
  readonly max_batch_rows?: number;
  readonly max_queue_delay_us?: number;
  readonly max_queue_rows?: number;
  readonly max_queue_bytes?: number;
  readonly timeout_ms?: number;
  readonly load_timeout_ms?: number;
  readonly required?: boolean;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  readonly warmup?: readonly (WarmUp | WarmUpSample)[];
}

/** What model.yaml has no key for. */
interface OnlyInTritonConfig {
  readonly declared?: DeclaredTensors;
  /** Which versions are served, in Triton's words; all of them when absent. */
  readonly version_policy?: VersionPolicy;
  /** Files of `labels`, by output. */
  readonly label_files?: Readonly<Record<string, string>>;
  /** Whether requests may share a run; true when absent. */
  readonly merge_requests?: boolean;
  /** Most requests that may wait. */
  readonly max_queue_requests?: number;
  /** How long a request may wait, in microseconds. */
  readonly queue_timeout_us?: number;
}

type Written = Omit<ModelSettings, 'labels'> & { labels?: Record<string, string | string[]> };

const validate = new Ajv({ allowUnionTypes: true }).compile<Written>(schema);

/** A model.yaml that cannot be used. The message names file, line and key, and what to write instead. */
export class ModelSettingsError extends Error {}

/**
 * Reads the model.yaml of the model in `folder`; no file is no settings. Label files are read with it.
 * @throws ModelSettingsError
 */
export async function readModelSettings(folder: string, repository: string): Promise<ModelSettings> {
  const path = join(folder, 'model.yaml');
  const shown = relative(join(repository, '..'), path);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ModelSettingsError(`${shown} cannot be read: ${error.code}`);
  });
  if (text === undefined) return {};
  const written = parse(text, shown);
  if (written.labels === undefined) return written as ModelSettings;
  const labels = await Promise.all(
    Object.entries(written.labels).map(async ([output, list]) => [
      output,
      await labelsOf(list, folder, repository, shown),
    ]),
  );
  return { ...written, labels: Object.fromEntries(labels) };
}

function parse(text: string, shown: string): Written {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new ModelSettingsError(`${shown}:${lines.linePos(fault.pos[0]).line}: ${fault.message}`);
  const settings: unknown = document.toJS() ?? {};
  if (validate(settings)) return settings;
  const error = validate.errors![0]!;
  throw new ModelSettingsError(`${shown}:${lineOf(document, error, lines)}: ${describe(error)}`);
}

/** `unknown key 'instnces'; the keys are ...`, or `instances must be integer`. */
function describe({ keyword, instancePath, params, message }: ErrorObject): string {
  const where = instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'additionalProperties') {
    const known = where === '' ? Object.keys(schema.properties) : ['rows', 'dims'];
    return `unknown key '${params['additionalProperty']}'; the keys are ${known.join(', ')}`;
  }
  if (keyword === 'pattern') return `${where} must be auto, cpu, cuda or cuda:<number>`;
  return `${where || 'the file'} ${message}`;
}

function lineOf(
  document: Document,
  { keyword, instancePath, params }: ErrorObject,
  lines: LineCounter,
): number {
  const path = instancePath.split('/').slice(1);
  if (keyword === 'additionalProperties') path.push(String(params['additionalProperty']));
  const last = path.at(-1);
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const key = isMap(parent) ? parent.items.find((item) => String(item.key) === last)?.key : parent;
  const range = (key as { range?: [number, number, number] } | null | undefined)?.range;
  return range === undefined || range === null ? 1 : lines.linePos(range[0]).line;
}

async function labelsOf(
  list: string | string[],
  folder: string,
  repository: string,
  shown: string,
): Promise<string[]> {
  if (Array.isArray(list)) return list;
  try {
    const content = await readInnerFile(folder, list, repository);
    return content.toString('utf8').trimEnd().split(/\r?\n/);
  } catch (error) {
    throw new ModelSettingsError(
      `${shown}: the label file '${list}' cannot be read: ${(error as Error).message}`,
    );
  }
}
