import { rmSync } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, parse } from 'node:path';
import { parse as parseYaml, stringify } from 'yaml';
import { scanRepositories } from '../../../repository/repositories';
import { SETTINGS_FILE, type FoundModel } from '../../../repository/repository';
import { CommandError } from '../../command-error';
import type { Candidate } from './candidates';

/** Settings that would distort a measurement: cached and rejected requests do not run the model. */
const LEFT_OUT: readonly string[] = ['cache', 'limits', 'load'];

/** Folders that exist. They are removed when the process exits. */
const alive = new Set<string>();
process.once('exit', () => alive.forEach((path) => rmSync(path, { recursive: true, force: true })));

/**
 * A temporary repository with one model, whose settings can be changed. Its files are hard links to those of the model, or
 * copies if it is on another file system. The model itself never changes.
 */
export class PrivateRepository {
  private constructor(
    /** Path of the repository. */
    readonly path: string,
    private readonly model: string,
    /** The settings in model.yaml. */
    readonly settings: Readonly<Record<string, unknown>>,
  ) {}

  /** Makes a repository of the model `name` in `sources`, folders or files. @throws CommandError if it is not there, or cannot be swept. */
  static async of(sources: readonly string[], name: string): Promise<PrivateRepository> {
    const source = sources.join(', ');
    const models = await scanRepositories(sources).catch((error: NodeJS.ErrnoException) => {
      throw new CommandError(
        `cannot read the model repository ${error.path ?? source}: ${error.code}`,
        'name it with --repository',
      );
    });
    const model = models.find((found) => found.name === name);
    if (model === undefined)
      throw new CommandError(
        `no model ${name} in ${source}; it has ${models.map((found) => found.name).join(', ') || 'none'}`,
        'name another folder with --repository',
      );
    const settings = await settingsOf(model);
    const path = await mkdtemp(join(tmpdir(), 'nexus-sweep-'));
    alive.add(path);
    const repository = new PrivateRepository(path, name, settings);
    try {
      await linkModel(model, sources, join(path, name));
      return repository;
    } catch (error) {
      await repository.remove();
      throw error;
    }
  }

  /** Sets the settings of the model to those of its model.yaml, with the changes of `candidate`. */
  async configure(candidate: Candidate): Promise<void> {
    const kept = Object.entries(this.settings).filter(([key]) => !LEFT_OUT.includes(key));
    const settings: Record<string, unknown> = { ...Object.fromEntries(kept), ...candidate };
    // The largest of them would contradict max_batch_rows.
    if (candidate.max_batch_rows !== undefined) delete settings['allowed_batch_sizes'];
    await writeFile(join(this.path, this.model, SETTINGS_FILE), stringify(settings));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    alive.delete(this.path);
  }
}

async function settingsOf({
  name,
  folder,
  settingsFile,
  refusal,
}: FoundModel): Promise<Record<string, unknown>> {
  if (refusal !== undefined) throw new CommandError(`${name}: ${refusal}`);
  if (settingsFile !== undefined) throw new CommandError(`other servers run ${name}`, 'sweep it there');
  const text = await readFile(join(folder, SETTINGS_FILE), 'utf8').catch(() => '');
  const settings = (parseYaml(text) ?? {}) as Record<string, unknown>;
  if (settings['kind'] === 'pipeline')
    throw new CommandError(`${name} is a pipeline`, 'sweep the models of its steps');
  if (settings['targets'] !== undefined)
    throw new CommandError(`other servers run ${name}`, 'sweep it there');
  const hasConfig = await stat(join(folder, 'config.pbtxt')).then(
    () => true,
    () => false,
  );
  if (hasConfig)
    throw new CommandError(
      `${name} has a config.pbtxt, which sets its instances`,
      'sweep a copy of the model with a model.yaml instead',
    );
  return settings;
}

/** Links the files of `model` to `target`: all of its folder, or if the repository is one file, that and its data. */
async function linkModel(model: FoundModel, sources: readonly string[], target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const source = await onlyFileOf(model, sources);
  if (source === undefined) return linkFolder(model.folder, target);
  const stem = parse(source).name;
  for (const name of await readdir(dirname(source)))
    if (name.startsWith(stem)) {
      const file = join(dirname(source), name);
      // One ONNX file in a folder is its model.
      if (name === basename(source) || !name.endsWith('.onnx')) await linkFile(file, join(target, name));
    }
}

/** The file in `sources` that is the whole model; undefined if it is a folder. */
async function onlyFileOf({ versions }: FoundModel, sources: readonly string[]): Promise<string | undefined> {
  for (const source of sources)
    if ((await stat(source)).isFile() && (await realpath(source)) === versions[0]?.path) return source;
  return undefined;
}

async function linkFolder(folder: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    if (entry === SETTINGS_FILE || entry.startsWith('.')) continue;
    // Follows symbolic links, which would lead out of the new repository.
    if ((await stat(path)).isDirectory()) await linkFolder(path, join(target, entry));
    else await linkFile(path, join(target, entry));
  }
}

async function linkFile(file: string, target: string): Promise<void> {
  if (!(await stat(file)).isFile()) return;
  await link(file, target).catch(() => copyFile(file, target));
}
