import type { PipelineDefinition, PipelineStep } from '../pipeline-definition';
import { orderOf } from '../pipeline/graph';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

type Scheduling = NonNullable<ModelConfig['ensemble_scheduling']>;
type Step = NonNullable<Scheduling['step']>[number];
type NameMap = NonNullable<Step['input_map']>;

/** Fields that say how a model is run; an ensemble runs nothing itself. */
const OF_MODELS = ['backend', 'runtime', 'instance_group', 'model_warmup', 'default_model_filename'] as const;

/** Whether `config` is of a graph of models, or means to be. */
export function isEnsemble({ ensemble_scheduling: scheduling, platform }: ModelConfig): boolean {
  return scheduling !== undefined || platform === 'ensemble';
}

/**
 * The pipeline that `config` describes, if it is an ensemble. `file` is how the file is called in messages.
 * @throws Fault, ModelSettingsError
 */
export function ensembleOf(config: ModelConfig, file: string): PipelineDefinition | undefined {
  if (!isEnsemble(config)) return undefined;
  const { ensemble_scheduling: scheduling, input = [], output = [] } = config;
  if (scheduling === undefined)
    throw new Fault(at(config, 'platform'), "platform 'ensemble' needs ensemble_scheduling; add its steps");
  checkFields(config);
  const { step = [] } = scheduling;
  if (step.length === 0)
    throw new Fault(at(config, 'ensemble_scheduling'), 'an ensemble needs at least one step');
  const definition = {
    inputs: input.map(({ name = '' }) => name),
    outputs: output.map(({ name = '' }) => name),
    steps: step.map((one, index) => stepOf(one, index, file)),
    where: `${file}:${at(config, 'ensemble_scheduling').line}`,
  };
  orderOf(definition);
  return definition;
}

/** @throws Fault for a field that an ensemble must have, or cannot. */
function checkFields(config: ModelConfig): void {
  const { platform = 'ensemble' } = config;
  if (platform !== 'ensemble')
    throw new Fault(
      at(config, 'platform'),
      `platform is '${platform}', but a model with ensemble_scheduling is an 'ensemble'; correct one of the two`,
    );
  const strange = OF_MODELS.find((field) => (config[field] ?? '').length > 0);
  if (strange !== undefined)
    throw new Fault(
      at(config, strange),
      `${strange} is not for an ensemble; say it in the models of its steps`,
    );
  const line = at(config, 'ensemble_scheduling');
  for (const field of ['input', 'output'] as const) {
    const tensors = config[field] ?? [];
    if (tensors.length === 0) throw new Fault(line, `an ensemble needs its ${field}; declare each`);
    const reshaped = tensors.find(({ reshape }) => reshape !== undefined);
    if (reshaped !== undefined)
      throw new Fault(
        at(reshaped, 'reshape'),
        `${field}.reshape is not for an ensemble; reshape in the models of its steps`,
      );
  }
}

function stepOf(step: Step, index: number, file: string): PipelineStep {
  const { model_name: model = '', model_version: version = -1, model_namespace: namespace = '' } = step;
  if (model === '') throw new Fault(at(step), `step ${index + 1} has no model_name; add it`);
  if (namespace !== '')
    throw new Fault(
      at(step, 'model_namespace'),
      'model_namespace is not supported; remove it, models have one namespace',
    );
  return {
    model,
    // Triton takes -1 for the newest one; 0 is what it is when it is not written.
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
