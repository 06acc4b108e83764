import { join, relative } from 'node:path';
import Ajv, { type ErrorObject } from 'ajv';
import { isMap, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { LABEL_BYTES, readInnerFile, readInnerText, WARM_UP_BYTES, type UnreadableFile } from '../inner-file';
import { ModelSettingsError, type ModelSettings, type WarmUp } from '../model-settings';
import type { WrittenPipeline } from '../pipeline-definition';
import { SETTINGS_FILE, type FoundModel } from '../repository';
import { pipelineFrom, withoutPipeline } from '../pipeline/pipeline-yaml';
import { REMOTE_FORMS, remoteFault, type SettingFault } from './remote-yaml';
import { MODEL_SCHEMA } from '../settings';
import { POOLINGS } from '../../tasks/head';
import { MAX_EDGE, type PictureSettings } from '../task-settings';

type Written = Omit<ModelSettings, 'labels' | 'warmup'> & {
  labels?: WrittenLabels | Record<string, WrittenLabels>;
  warmup?: (Omit<WarmUp, 'files'> & { files?: Record<string, string> })[];
  inputs?: readonly string[] | Readonly<Record<string, { readonly image: PictureSettings }>>;
} & Omit<WrittenPipeline, 'inputs'>;

/** Class names, or the name of a file with one per line. */
type WrittenLabels = string | string[];

/** Parsing takes time quadratic in the number of keys of one map: a file of this size takes at most seconds. */
const MAX_BYTES = 256 * 2 ** 10;
/** Maximum number of characters after aliases are expanded. */
const MAX_RESOLVED = 4 * MAX_BYTES;

const validate = new Ajv({ allowUnionTypes: true, verbose: true }).compile<Written>(MODEL_SCHEMA);

/**
 * Reads the model.yaml of the model in `folder`, or its `settingsFile`, and the label and warm-up files that it names.
 * Without the file, the settings are empty.
 * @throws ModelSettingsError
 */
export async function readModelSettings(
  { folder, settingsFile = SETTINGS_FILE }: Pick<FoundModel, 'folder' | 'settingsFile'>,
  repository: string,
): Promise<ModelSettings> {
  const shown = relative(join(repository, '..'), join(folder, settingsFile));
  const text = await readInnerText(folder, settingsFile, repository, MAX_BYTES).catch(
    (error: UnreadableFile) => {
      if (error.code === 'ENOENT') return undefined;
      throw new ModelSettingsError(`${shown} cannot be read: ${error.message}`);
    },
  );
  if (text === undefined) return {};
  const written = parse(text, shown);
  const { labels, warmup, ...rest } = written;
  const orExplain = <T>(content: Promise<T>, what: string, file: string) =>
    content.catch((error: UnreadableFile) => {
      throw new ModelSettingsError(`${shown}: the ${what} '${file}' cannot be read: ${error.message}`);
    });
  const labelsIn = async (file: string) =>
    orExplain(readInnerText(folder, file, repository, LABEL_BYTES), 'label file', file);
  const bytesIn = async (file: string) =>
    orExplain(readInnerFile(folder, file, repository, WARM_UP_BYTES), 'warm-up file', file);
  return {
    ...rest,
    ...(labels === undefined ? {} : await labelSettings(labels, labelsIn)),
    ...(warmup === undefined
      ? {}
      : { warmup: await Promise.all(warmup.map((run) => withFiles(run, bytesIn))) }),
  };
}

/** Reads a file beside model.yaml. @throws ModelSettingsError */
type Read<T> = (file: string) => Promise<T>;

async function withFiles(run: NonNullable<Written['warmup']>[number], read: Read<Buffer>): Promise<WarmUp> {
  const { files, ...rest } = run;
  if (files === undefined) return rest;
  return { ...rest, files: await mapValues(files, read) };
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
  const document = orRefuse(shown, () => parseDocument(text, { lineCounter: lines, prettyErrors: false }));
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new ModelSettingsError(`${shown}:${lines.linePos(fault.pos[0]).line}: ${fault.message}`);
  const settings = orRefuse(shown, () => resolved(document));
  if (validate(settings)) {
    const pointTo = (pointer: string) => `${shown}:${lineOf(document, pointer, lines)}`;
    const wrong = faultOf(settings) ?? remoteFault(settings);
    if (wrong !== undefined) {
      const [key, problem] = wrong;
      throw new ModelSettingsError(`${pointTo(`/${key}`)}: ${key.replaceAll('/', '.')} ${problem}`);
    }
    const { inputs, ...others } = settings;
    const named = isList(inputs) ? { ...others, inputs } : others;
    const pipeline = pipelineFrom(named, pointTo);
    if (pipeline !== undefined) return { ...withoutPipeline(named), pipeline };
    return inputs === undefined || isList(inputs) ? settings : { ...others, picture: pictureOf(inputs) };
  }
  const error = validate.errors![0]!;
  throw new ModelSettingsError(`${shown}:${lineOf(document, pathOf(error), lines)}: ${explain(error)}`);
}

function isList(inputs: Written['inputs']): inputs is readonly string[] {
  return Array.isArray(inputs);
}

/** The only input of `inputs`. */
function pictureOf(inputs: Readonly<Record<string, { readonly image: PictureSettings }>>) {
  const [[input, { image }]] = Object.entries(inputs) as [[string, { image: PictureSettings }]];
  return { input, image };
}

/** The value of `document` with its aliases expanded. @throws Error if an alias is invalid or the result is too large. */
function resolved(document: Document): unknown {
  const settings: unknown = document.toJS() ?? {};
  const { length } = JSON.stringify(settings);
  if (length > MAX_RESOLVED)
    throw new Error(
      `with its aliases expanded, it has ${length} characters, but the limit is ${MAX_RESOLVED}`,
    );
  return settings;
}

/** The result of `read`. @throws ModelSettingsError for any error: the library throws those without a position. */
function orRefuse<T>(shown: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ModelSettingsError(`${shown} cannot be read: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** Checks that the schema cannot express: the key, and what is wrong with it. */
function faultOf(written: Written): SettingFault | undefined {
  const { priority_levels: levels = 0, default_priority_level: level = 0 } = written;
  if (level > levels)
    return [
      'default_priority_level',
      levels === 0
        ? `is ${level}, but priority_levels is not set; set priority_levels to at least ${level}`
        : `is ${level}, but priority_levels is ${levels}; set it to at most ${levels}`,
    ];
  const { allowed_batch_sizes: sizes, max_batch_rows: rows } = written;
  if (sizes !== undefined && rows !== undefined && rows !== Math.max(...sizes))
    return [
      'max_batch_rows',
      `is ${rows}, but the largest of allowed_batch_sizes is ${Math.max(...sizes)}; remove max_batch_rows`,
    ];
  if (written.target_p99_ms !== undefined && written.max_queue_delay_us !== undefined)
    return [
      'max_queue_delay_us',
      'cannot be set together with target_p99_ms, which adjusts it; remove one of them',
    ];
  if (written.kind === 'pipeline') {
    if (written.inputs !== undefined && !isList(written.inputs))
      return ['inputs', 'of a pipeline must be a list of names; set image in the model.yaml of the model'];
    if (typeof written.labels === 'string' || Array.isArray(written.labels))
      return ['labels', 'of a pipeline must name the outputs, as in { scores: [cat, dog] }'];
  }
  return undefined;
}

/** What the values of keys with several forms must be. */
const FORMS: Readonly<Record<string, string>> = {
  versions: 'all, { latest: 2 } or a list such as [1, 3]',
  cache: 'true, false or { ttl_s: 60, scope: caller }, with ttl_s from 1 to 31536000 and scope caller or all',
  softmax: 'true, false or a list of outputs such as [logits]',
  pooling: `none, ${POOLINGS.join(', ')}, or a list of these without none`,
  file: 'a path inside the version folder, without ..',
  tokenizer: 'a path inside the model folder, without ..',
};

/** For example `unknown key 'instnces'; use one of ...` or `instances must be integer`. */
function explain({ keyword, instancePath, params, message, parentSchema }: ErrorObject): string {
  const where = instancePath.slice(1).replaceAll('/', '.');
  const key = where.split('.')[0]!;
  const form = FORMS[key];
  if (form !== undefined) return `${key} must be ${form}`;
  const edges = /^inputs\..*\.image\.(size|crop)/.exec(where);
  if (edges !== null)
    return `${edges[0]} must be a number of pixels from 1 to ${MAX_EDGE}, or ${edges[1] === 'size' ? '{ height, width } or { shortest_edge }' : '{ height, width }'}`;
  if (keyword === 'additionalProperties') {
    const known = Object.keys(parentSchema!['properties'] as object);
    return `unknown key '${params['additionalProperty']}'; use one of ${known.join(', ')}`;
  }
  const named = REMOTE_FORMS.find(([pattern]) => pattern.test(where));
  if (named !== undefined && keyword === 'pattern') return `${where} must be ${named[1]}`;
  if (keyword === 'enum') return `${where} must be ${(params['allowedValues'] as string[]).join(' or ')}`;
  if (keyword === 'pattern') return `${where} must be auto, cpu, cuda or cuda:<number>`;
  return `${where || 'the file'} ${message}`;
}

/** JSON pointer to the key that `error` refers to. */
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

async function labelSettings(
  labels: NonNullable<Written['labels']>,
  read: Read<string>,
): Promise<Pick<ModelSettings, 'labels' | 'classes'>> {
  if (typeof labels === 'string' || Array.isArray(labels)) return { classes: await labelTexts(labels, read) };
  return { labels: await mapValues(labels, (list) => labelTexts(list, read)) };
}

async function labelTexts(list: WrittenLabels, read: Read<string>): Promise<string[]> {
  if (Array.isArray(list)) return list;
  return (await read(list)).trimEnd().split(/\r?\n/);
}
