import type { PipelineDefinition, PipelineStep } from '../pipeline-definition';
import { orderOf } from '../pipeline/graph';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

type Scheduling = NonNullable<ModelConfig['ensemble_scheduling']>;
type Step = NonNullable<Scheduling['step']>[number];
type NameMap = NonNullable<Step['input_map']>;

/** Fields that control how a model runs. An ensemble has no runners. */
const OF_MODELS = ['backend', 'runtime', 'instance_group', 'model_warmup', 'default_model_filename'] as const;

/** Whether `config` describes an ensemble, by its platform or its scheduling. */
export function isEnsemble({ ensemble_scheduling: scheduling, platform }: ModelConfig): boolean {
  return scheduling !== undefined || platform === 'ensemble';
}

/**
 * Returns the pipeline that `config` describes; undefined if it is not an ensemble.
 * @param file name of the file in messages.
 * @throws Fault, ModelSettingsError
 */
export function ensembleOf(config: ModelConfig, file: string): PipelineDefinition | undefined {
  if (!isEnsemble(config)) return undefined;
  const { ensemble_scheduling: scheduling, input = [], output = [] } = config;
  if (scheduling === undefined)
    throw new Fault(
      at(config, 'platform'),
      "platform 'ensemble' requires ensemble_scheduling; add it with the steps",
    );
  checkFields(config);
  const { step = [] } = scheduling;
  if (step.length === 0)
    throw new Fault(
      at(config, 'ensemble_scheduling'),
      'ensemble_scheduling requires at least one step; add a step',
    );
  const definition = {
    inputs: input.map(({ name = '' }) => name),
    outputs: output.map(({ name = '' }) => name),
    steps: step.map((one, index) => stepOf(one, index, file)),
    where: `${file}:${at(config, 'ensemble_scheduling').line}`,
  };
  orderOf(definition);
  return definition;
}

/** @throws Fault for a missing field, or a field that an ensemble cannot have. */
function checkFields(config: ModelConfig): void {
  const { platform = 'ensemble' } = config;
  if (platform !== 'ensemble')
    throw new Fault(
      at(config, 'platform'),
      `platform: expected 'ensemble', because ensemble_scheduling is set, got '${platform}'; correct platform or remove ensemble_scheduling`,
    );
  const unexpected = OF_MODELS.find((field) => (config[field] ?? '').length > 0);
  if (unexpected !== undefined)
    throw new Fault(
      at(config, unexpected),
      `${unexpected} cannot be set for an ensemble; set it in the models of its steps`,
    );
  const line = at(config, 'ensemble_scheduling');
  for (const field of ['input', 'output'] as const) {
    const tensors = config[field] ?? [];
    if (tensors.length === 0) throw new Fault(line, `an ensemble requires ${field}; declare each ${field}`);
    const reshaped = tensors.find(({ reshape }) => reshape !== undefined);
    if (reshaped !== undefined)
      throw new Fault(
        at(reshaped, 'reshape'),
        `${field}.reshape cannot be set for an ensemble; set it in the models of its steps`,
      );
  }
}

function stepOf(step: Step, index: number, file: string): PipelineStep {
  const { model_name: model = '', model_version: version = -1, model_namespace: namespace = '' } = step;
  if (model === '') throw new Fault(at(step), `step ${index + 1} has no model_name; add it`);
  if (namespace !== '')
    throw new Fault(
      at(step, 'model_namespace'),
      'model_namespace is not supported, because all models share one namespace; remove it',
    );
  return {
    model,
    // In Triton, -1 selects the newest version. A field that is not set is 0.
    ...(version > 0 ? { version: String(version) } : {}),
    inputs: namesOf(step.input_map),
    outputs: namesOf(step.output_map),
    title: `step ${index + 1} ('${model}')`,
    where: `${file}:${at(step).line}`,
  };
}

function namesOf(entries: NameMap = []): Record<string, string> {
  return Object.fromEntries(entries.map(({ key = '', value = '' }) => [key, value]));
}

function at(message: object, field?: string): { line: number } {
  return { line: positionOf(message, field).line };
}
