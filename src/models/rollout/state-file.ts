import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import Ajv, { type JSONSchemaType } from 'ajv';
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

const validate = new Ajv().compile<Written>({
  type: 'object',
  properties: {
    format: { type: 'integer', const: 1 },
    models: {
      type: 'object',
      required: [],
      additionalProperties: {
        type: 'object',
        properties: {
          aliases: { type: 'object', required: [], additionalProperties: { type: 'string' } },
          traffic: TRAFFIC,
          before: TRAFFIC,
        },
        required: ['aliases', 'traffic'],
      },
    },
  },
  required: ['format', 'models'],
} as unknown as JSONSchemaType<Written>);

/** Reads the file at `path`. Returns no rollouts if it does not exist. @throws Error with the reason if it cannot be read. */
export async function readRollouts(path: string): Promise<RolloutsByModel> {
  const content = await readSmallFile(path, MAX_BYTES).catch((error: UnreadableFile) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (content === undefined) return {};
  const written: unknown = JSON.parse(content.toString());
  if (!validate(written)) throw new Error(`it is not a state file of this version`);
  return written.models;
}

/**
 * Writes `models` to the file at `path` atomically: after a crash or a power failure, it has either the old or the new
 * content.
 * @throws the system's error.
 */
export async function writeRollouts(path: string, models: RolloutsByModel): Promise<void> {
  const next = `${path}.next`;
  const written: Written = { format: 1, models };
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(written, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
