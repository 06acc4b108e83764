import { ModelSettingsError, type ModelSettings } from '../model-settings';
import type { PipelineDefinition } from './definition';
import { orderOf } from './graph';

/** What model.yaml says of a pipeline; the schema knows its form. */
export interface WrittenPipeline {
  readonly kind?: 'pipeline';
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly steps?: readonly WrittenStep[];
}

interface WrittenStep {
  readonly model: string;
  readonly version?: number;
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

const OWN = ['kind', 'inputs', 'outputs', 'steps'] as const;

/** Keys that a pipeline may have beside those of its own. */
const BESIDE: readonly string[] = [
  'description',
  'example',
  'labels',
  'softmax',
  'required',
  'versions',
] satisfies (keyof ModelSettings)[];

/**
 * The pipeline of a model.yaml, if it is one.
 * @param whereOf file and line of what a JSON pointer leads to.
 * @throws ModelSettingsError
 */
export function pipelineOf(
  written: WrittenPipeline,
  whereOf: (pointer: string) => string,
): PipelineDefinition | undefined {
  const { kind, inputs, outputs, steps } = written;
  if (kind === undefined) {
    const key = OWN.find((own) => written[own] !== undefined);
    if (key === undefined) return undefined;
    throw new ModelSettingsError(`${whereOf(`/${key}`)}: ${key} is for pipelines; add kind: pipeline`);
  }
  const strange = Object.keys(written).find((key) => ![...OWN, ...BESIDE].includes(key));
  if (strange !== undefined)
    throw new ModelSettingsError(
      `${whereOf(`/${strange}`)}: ${strange} cannot be set for a pipeline; say it in the model.yaml of its models`,
    );
  const where = whereOf('/kind');
  if (inputs === undefined || outputs === undefined || steps === undefined)
    throw new ModelSettingsError(`${where}: a pipeline needs inputs, outputs and steps; add what is missing`);
  const definition = {
    inputs,
    outputs,
    where,
    steps: steps.map(({ version, ...step }, index) => ({
      ...step,
      ...(version === undefined ? {} : { version: String(version) }),
      title: `step ${index + 1} ('${step.model}')`,
      where: whereOf(`/steps/${index}`),
    })),
  };
  orderOf(definition);
  return definition;
}

/** The settings of a model.yaml without what they say of a pipeline. */
export function withoutPipeline<T extends WrittenPipeline>(written: T): Omit<T, keyof WrittenPipeline> {
  const own: readonly string[] = OWN;
  return Object.fromEntries(Object.entries(written).filter(([key]) => !own.includes(key))) as typeof written;
}
