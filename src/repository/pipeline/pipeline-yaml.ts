import { ModelSettingsError } from '../model-settings';
import { keysWhere } from '../settings';
import type { PipelineDefinition, WrittenPipeline } from '../pipeline-definition';
import { orderOf } from './graph';

/** Keys that are allowed only in a pipeline, and all keys that are allowed in one. */
const OWN = keysWhere(({ inPipeline }) => inPipeline === 'only');
const ALLOWED = keysWhere(({ inPipeline }) => inPipeline !== undefined);

/**
 * Returns the pipeline that a model.yaml defines; undefined if it is not a pipeline.
 * @param whereOf returns the file and line of a JSON pointer.
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
    throw new ModelSettingsError(`${whereOf(`/${key}`)}: ${key} is only for pipelines; add kind: pipeline`);
  }
  const unexpected = Object.keys(written).find((key) => !ALLOWED.includes(key));
  if (unexpected !== undefined)
    throw new ModelSettingsError(
      `${whereOf(`/${unexpected}`)}: ${unexpected} cannot be set for a pipeline; set it in the model.yaml of its models`,
    );
  const where = whereOf('/kind');
  if (inputs === undefined || outputs === undefined || steps === undefined)
    throw new ModelSettingsError(
      `${where}: a pipeline requires inputs, outputs and steps; add the missing keys`,
    );
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

/** The settings of a model.yaml without the keys that define a pipeline. */
export function withoutPipeline<T extends WrittenPipeline>(written: T): Omit<T, keyof WrittenPipeline> {
  return Object.fromEntries(Object.entries(written).filter(([key]) => !OWN.includes(key))) as typeof written;
}
