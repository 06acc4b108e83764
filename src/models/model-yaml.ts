import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import Ajv, { type ErrorObject } from 'ajv';
import { isMap, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { readInnerFile } from './inner-file';
import { ModelSettingsError, type ModelSettings } from './model-settings';
import schema from './model.schema.json';
import { pipelineOf, withoutPipeline, type WrittenPipeline } from './pipeline/pipeline-yaml';

type Written = Omit<ModelSettings, 'labels'> & {
  labels?: Record<string, string | string[]>;
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
  if (validate(settings)) {
    checkPriorities(settings, document, lines, shown);
    const pipeline = pipelineOf(settings, (pointer) => `${shown}:${lineOf(document, pointer, lines)}`);
    return pipeline === undefined ? settings : { ...withoutPipeline(settings), pipeline };
  }
  const error = validate.errors![0]!;
  throw new ModelSettingsError(`${shown}:${lineOf(document, pathOf(error), lines)}: ${describe(error)}`);
}

/** What the schema cannot say. */
function checkPriorities(
  { priority_levels: levels = 0, default_priority_level: level }: Written,
  document: Document,
  lines: LineCounter,
  shown: string,
): void {
  if (level === undefined || level <= levels) return;
  const line = lineOf(document, '/default_priority_level', lines);
  throw new ModelSettingsError(
    `${shown}:${line}: default_priority_level is ${level}, but priority_levels is ${levels || 'not set'}`,
  );
}

/** `unknown key 'instnces'; the keys are ...`, or `instances must be integer`. */
function describe({ keyword, instancePath, params, message, parentSchema }: ErrorObject): string {
  const where = instancePath.slice(1).replaceAll('/', '.');
  if (where.split('.')[0] === 'versions')
    return 'versions must be all, { latest: 2 } or a list such as [1, 3]';
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
