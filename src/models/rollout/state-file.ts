import Ajv, { type JSONSchemaType } from 'ajv';
import { updateFile } from '../../common/update-file';
import { readSmallFile, type UnreadableFile } from '../../repository/inner-file';
import type { Traffic } from './traffic';

/** Aliases and traffic split of one model, set by an operator at runtime. */
export interface Rollout {
  /** Version by alias. */
  readonly aliases: Readonly<Record<string, string>>;
  /** How requests without a version are split; null routes them to the newest version. */
  readonly traffic: Traffic | null;
  /** Value of `traffic` before its last change; absent before the first change. */
  readonly before?: Traffic | null;
  /**
   * Milliseconds since 1970 of the last change, and at least one more than for the change before it; absent in files of older
   * releases.
   */
  readonly changedAt?: number;
}

/** Rollouts by model name. */
export type RolloutsByModel = Readonly<Record<string, Rollout>>;

interface Written {
  readonly format: 1;
  readonly models: RolloutsByModel;
}

const MAX_BYTES = 16 * 2 ** 20;

const TRAFFIC = {
  type: 'object',
  nullable: true,
  properties: {
    weights: { type: 'object', required: [], additionalProperties: { type: 'number', minimum: 0 } },
    sticky: { type: 'boolean' },
    shadow: {
      type: 'object',
      properties: {
        version: { type: 'string' },
        share: { type: 'number', minimum: 0, maximum: 1 },
      },
      required: ['version', 'share'],
    },
  },
  required: ['weights', 'sticky'],
} as const;

const ROLLOUT = {
  type: 'object',
  properties: {
    aliases: { type: 'object', required: [], additionalProperties: { type: 'string' } },
    traffic: TRAFFIC,
    before: TRAFFIC,
    changedAt: { type: 'integer', minimum: 1 },
  },
  required: ['aliases', 'traffic'],
} as const;

const ajv = new Ajv();

/** Whether `value`, as JSON has it, is a rollout of this version. */
export const isRollout = ajv.compile<Rollout>(ROLLOUT as unknown as JSONSchemaType<Rollout>);

const isWritten = ajv.compile<Written>({
  type: 'object',
  properties: {
    format: { type: 'integer', const: 1 },
    models: { type: 'object', required: [], additionalProperties: ROLLOUT },
  },
  required: ['format', 'models'],
} as unknown as JSONSchemaType<Written>);

/** Reads the file at `path`. Returns no rollouts if it does not exist. @throws Error with the reason if it cannot be read. */
export async function readRollouts(path: string): Promise<RolloutsByModel> {
  const content = await readSmallFile(path, MAX_BYTES).catch((error: UnreadableFile) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return content === undefined ? {} : rolloutsIn(content.toString());
}

/**
 * Writes `models` to the file at `path` atomically: after a crash or a power failure, it has either the old or the new
 * content. A model whose rollout in the file is newer keeps it, because replicas may share a file.
 * @throws the system's error, or Error if the file is not a state file, or would be too large to be read.
 */
export async function updateRollouts(path: string, models: ReadonlyMap<string, Rollout>): Promise<void> {
  await updateFile(path, (text) => {
    const merged = new Map(Object.entries(text.trim() === '' ? {} : rolloutsIn(text)));
    for (const [model, rollout] of models)
      if ((rollout.changedAt ?? 0) >= (merged.get(model)?.changedAt ?? 0)) merged.set(model, rollout);
    const sorted = [...merged].toSorted(([one], [other]) => (one < other ? -1 : 1));
    const written: Written = { format: 1, models: Object.fromEntries(sorted) };
    const next = `${JSON.stringify(written, undefined, 2)}\n`;
    // The next start could not read it.
    if (Buffer.byteLength(next) > MAX_BYTES) throw new Error(`it would have more than ${MAX_BYTES} bytes`);
    return next;
  });
}

function rolloutsIn(text: string): RolloutsByModel {
  const written: unknown = JSON.parse(text);
  if (!isWritten(written)) throw new Error(`it is not a state file of this version`);
  return written.models;
}
