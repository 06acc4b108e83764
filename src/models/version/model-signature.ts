import type { LoadedModel } from '../../runtime/messages';
import type { TensorSpec } from '../../tensor/tensor';
import { fitTensors } from '../../repository/declared-tensors';
import type { ModelSettings } from '../../repository/model-settings';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import { labelFault, NO_TASK, type Labels, type Signature } from '../signature';
import { NAMED_SCORES } from '../../tasks/task-definition';
import type { TaskSignature } from '../task/served-task';
import { paddingFault } from './padding';

/**
 * The signature of `model` with `settings`, and with `task` if it has one, whose texts or pictures are always rows.
 * @throws Error if the settings do not match the model.
 */
export function signatureOf(
  model: LoadedModel,
  settings: ModelSettings,
  isBatched: boolean,
  task: TaskSignature | undefined,
): Signature {
  const { inputs, outputs } = task ?? fitTensors(settings.declared, model);
  const batches = isBatched || task !== undefined;
  const { pad, allowed_batch_sizes: sizes } = settings;
  const labels = labelsOf(settings, model, task, outputs);
  const fault =
    labelFault(labels, outputs) ??
    softmaxFault(settings.softmax, outputs) ??
    (pad === undefined ? undefined : paddingFault(pad, inputs, outputs)) ??
    (sizes === undefined || batches
      ? undefined
      : 'allowed_batch_sizes can be set only for models that batch, and this one does not; remove it');
  if (fault !== undefined) throw new Error(fault);
  const softmax = softmaxOutputs(settings.softmax, outputs);
  // Padding and filling require that all inputs have the same number of rows.
  const hasCommonRows = task !== undefined || model.hasCommonRows || pad !== undefined || sizes !== undefined;
  return {
    ...NO_TASK,
    inputs,
    outputs,
    outputNames: outputs.map(({ name }) => name),
    ...task,
    labels,
    softmax,
    batches,
    hasCommonRows,
  };
}

/**
 * The labels in `settings`; for the other `outputs`, the matching labels in the file of `model`, or for a task, the classes
 * of its scores.
 */
export function labelsOf(
  { labels = {} }: ModelSettings,
  model: LoadedModel,
  task: TaskSignature | undefined,
  outputs: readonly TensorSpec[],
): Labels {
  const known = Object.entries(task === undefined ? model.labels : taskLabels(task));
  const fitting = known.filter(([name, list]) => !labelFault({ [name]: list }, outputs));
  return { ...Object.fromEntries(fitting), ...labels };
}

function taskLabels({ task }: TaskSignature): Labels {
  const isNamed = task?.labels !== undefined && NAMED_SCORES.includes(task.name);
  return isNamed ? { scores: task.labels } : {};
}
