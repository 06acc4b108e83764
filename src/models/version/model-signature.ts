import type { LoadedModel } from '../../runtime/messages';
import type { TensorSpec } from '../../tensor/tensor';
import { fitTensors } from '../../repository/declared-tensors';
import type { ModelSettings } from '../../repository/model-settings';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import { labelFault, NO_TASK, type Labels, type Signature } from '../signature';
import { paddingFault } from './padding';

/** The signature of `model` with `settings`. @throws Error if the settings do not match the model. */
export function signatureOf(model: LoadedModel, settings: ModelSettings, batches: boolean): Signature {
  const { inputs, outputs } = fitTensors(settings.declared, model);
  const { pad, allowed_batch_sizes: sizes } = settings;
  const labels = labelsOf(settings, model.labels, outputs);
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
  const hasCommonRows = model.hasCommonRows || pad !== undefined || sizes !== undefined;
  return {
    inputs,
    outputs,
    ...NO_TASK,
    outputNames: outputs.map(({ name }) => name),
    labels,
    softmax,
    batches,
    hasCommonRows,
  };
}

/** The labels in `settings`, and for the other `outputs`, the matching labels in the model file. */
export function labelsOf(
  { labels = {} }: ModelSettings,
  ofFile: Labels,
  outputs: readonly TensorSpec[],
): Labels {
  const fitting = Object.entries(ofFile).filter(([name, list]) => !labelFault({ [name]: list }, outputs));
  return { ...Object.fromEntries(fitting), ...labels };
}
