import { ModelSettingsError } from '../model-settings';
import { keysWhere } from '../settings';
import type { PipelineDefinition, WrittenPipeline } from '../pipeline-definition';
import { orderOf } from './graph';

/** Keys that only a pipeline has, and all that it may have. */
const OWN = keysWhere(({ inPipeline }) => inPipeline === 'only');
const ALLOWED = keysWhere(({ inPipeline }) => inPipeline !== undefined);

/**
 * The pipeline of a model.yaml, if it is one.
 * @param whereOf file and line of what a JSON pointer leads to.
 * @throws ModelSettingsError
 */
export function pipelineFrom(
  written: WrittenPipeline,
  whereOf: (pointer: string) => string,
): PipelineDefinition | undefined {
  const { kind, inputs, outputs, steps } = written;
  if (kind === undefined) {
    const key = OWN.find((own) => Object.hasOwn(written, own));
    if (key === undefined) return undefined;
    throw new ModelSettingsError(`${whereOf(`/${key}`)}: ${key} is for pipelines; add kind: pipeline`);
  }
  const strange = Object.keys(written).find((key) => !ALLOWED.includes(key));
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
  return Object.fromEntries(Object.entries(written).filter(([key]) => !OWN.includes(key))) as typeof written;
}
