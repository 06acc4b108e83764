import type { LoadedModel } from '../../runtime/messages';
import type { TensorSpec } from '../../tensor/tensor';
import { fitTensors } from '../../repository/declared-tensors';
import type { ModelSettings } from '../../repository/model-settings';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import { labelFault, type Labels, type Signature } from '../signature';
import { paddingFault } from './padding';

/** The signature of `model` with `settings`. @throws Error when the settings do not fit the model. */
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
      : 'allowed_batch_sizes is for models that batch; this one does not');
  if (fault !== undefined) throw new Error(fault);
  const softmax = softmaxOutputs(settings.softmax, outputs);
  // What fills inputs up takes their rows for granted.
  const hasCommonRows = model.hasCommonRows || pad !== undefined || sizes !== undefined;
  return {
    inputs,
    outputs,
    outputNames: outputs.map(({ name }) => name),
    labels,
    softmax,
    batches,
    hasCommonRows,
  };
}

/** The labels that `settings` have and, of the other `outputs`, those that the file of the model tells and that fit. */
export function labelsOf(
  { labels = {} }: ModelSettings,
  ofFile: Labels,
  outputs: readonly TensorSpec[],
): Labels {
  const fitting = Object.entries(ofFile).filter(([name, list]) => !labelFault({ [name]: list }, outputs));
  return { ...Object.fromEntries(fitting), ...labels };
}
