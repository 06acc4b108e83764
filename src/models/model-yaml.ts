import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import Ajv, { type ErrorObject } from 'ajv';
import { isMap, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { readInnerFile } from './inner-file';
import { ModelSettingsError, type ModelSettings, type WarmUp } from './model-settings';
import schema from './model.schema.json';
import { pipelineOf, withoutPipeline, type WrittenPipeline } from './pipeline/pipeline-yaml';

type Written = Omit<ModelSettings, 'labels' | 'warmup'> & {
  labels?: Record<string, string | string[]>;
  warmup?: (Omit<WarmUp, 'files'> & { files?: Record<string, string> })[];
} & WrittenPipeline;

const validate = new Ajv({ allowUnionTypes: true, verbose: true }).compile<Written>(schema);

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
  const { labels, warmup, ...rest } = written;
  const read = async (file: string, what: string) =>
    readInnerFile(folder, file, repository).catch((error: Error) => {
      throw new ModelSettingsError(`${shown}: the ${what} '${file}' cannot be read: ${error.message}`);
    });
  return {
    ...rest,
    ...(labels === undefined ? {} : { labels: await mapValues(labels, (list) => labelsOf(list, read)) }),
    ...(warmup === undefined ? {} : { warmup: await Promise.all(warmup.map((run) => withFiles(run, read))) }),
  };
}

/** Reads a file beside model.yaml. @throws ModelSettingsError */
type Read = (file: string, what: string) => Promise<Buffer>;

async function withFiles(run: NonNullable<Written['warmup']>[number], read: Read): Promise<WarmUp> {
  const { files, ...rest } = run;
  if (files === undefined) return rest;
  return { ...rest, files: await mapValues(files, (file) => read(file, 'warm-up file')) };
}

async function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => Promise<To>,
): Promise<Record<string, To>> {
  const mapped = Object.entries(record).map(async ([key, value]) => [key, await map(value)] as const);
  return Object.fromEntries(await Promise.all(mapped));
}

function parse(text: string, shown: string): Written {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new ModelSettingsError(`${shown}:${lines.linePos(fault.pos[0]).line}: ${fault.message}`);
  const settings: unknown = document.toJS() ?? {};
  if (validate(settings)) {
    const pointTo = (pointer: string) => `${shown}:${lineOf(document, pointer, lines)}`;
    const wrong = faultOf(settings);
    if (wrong !== undefined) throw new ModelSettingsError(`${pointTo(`/${wrong[0]}`)}: ${wrong.join(' ')}`);
    const pipeline = pipelineOf(settings, pointTo);
    return pipeline === undefined ? settings : { ...withoutPipeline(settings), pipeline };
  }
  const error = validate.errors![0]!;
  throw new ModelSettingsError(`${shown}:${lineOf(document, pathOf(error), lines)}: ${describe(error)}`);
}

/** What the schema cannot say: the key, and what is wrong with it. */
function faultOf(written: Written): readonly [key: keyof Written, text: string] | undefined {
  const { priority_levels: levels = 0, default_priority_level: level = 0 } = written;
  if (level > levels)
    return ['default_priority_level', `is ${level}, but priority_levels is ${levels || 'not set'}`];
  const { allowed_batch_sizes: sizes, max_batch_rows: rows } = written;
  if (sizes !== undefined && rows !== undefined && rows !== Math.max(...sizes))
    return ['max_batch_rows', `is ${rows}, but the largest of allowed_batch_sizes is ${Math.max(...sizes)}`];
  if (written.target_p99_ms !== undefined && written.max_queue_delay_us !== undefined)
    return ['max_queue_delay_us', 'is found for target_p99_ms; give one of the two'];
  return undefined;
}

/** `unknown key 'instnces'; the keys are ...`, or `instances must be integer`. */
function describe({ keyword, instancePath, params, message, parentSchema }: ErrorObject): string {
  const where = instancePath.slice(1).replaceAll('/', '.');
  if (where.split('.')[0] === 'versions')
    return 'versions must be all, { latest: 2 } or a list such as [1, 3]';
  if (where.split('.')[0] === 'cache')
    return 'cache must be true, false or { ttl_s: 60, scope: caller }, ttl_s from 1 to 31536000, scope caller or all';
  if (where.split('.')[0] === 'softmax')
    return 'softmax must be true, false or a list of outputs such as [logits]';
  if (keyword === 'additionalProperties') {
    const known = Object.keys(parentSchema!['properties'] as object);
    return `unknown key '${params['additionalProperty']}'; the keys are ${known.join(', ')}`;
  }
  if (keyword === 'enum') return `${where} must be ${(params['allowedValues'] as string[]).join(' or ')}`;
  if (keyword === 'pattern') return `${where} must be auto, cpu, cuda or cuda:<number>`;
  return `${where || 'the file'} ${message}`;
}

/** The key that `error` is about, as a JSON pointer. */
function pathOf({ keyword, instancePath, params }: ErrorObject): string {
  return keyword === 'additionalProperties'
    ? `${instancePath}/${params['additionalProperty']}`
    : instancePath;
}

function lineOf(document: Document, pointer: string, lines: LineCounter): number {
  const path = pointer.split('/').slice(1);
  const last = path.at(-1);
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const key = isMap(parent)
    ? parent.items.find((item) => String(item.key) === last)?.key
    : isSeq(parent)
      ? parent.items[Number(last)]
      : parent;
  const range = (key as { range?: [number, number, number] } | null | undefined)?.range;
  return range === undefined || range === null ? 1 : lines.linePos(range[0]).line;
}

async function labelsOf(list: string | string[], read: Read): Promise<string[]> {
  if (Array.isArray(list)) return list;
  const content = await read(list, 'label file');
  return content.toString('utf8').trimEnd().split(/\r?\n/);
}
