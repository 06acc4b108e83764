import type { LoadedModel } from '../runtime/messages';
import type { TensorSpec } from '../tensor/tensor';
import { fitTensors } from '../repository/declared-tensors';
import { paddingFault } from './version/padding';
import type { ModelSettings } from '../repository/model-settings';
import { softmaxFault, softmaxOutputs } from '../repository/softmax';

/** What a loaded version takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly outputNames: readonly string[];
  /** Names of the classes in the last dimension of an output, by its name. */
  readonly labels: Labels;
  /** Names of the outputs that are logits: classes of them are told with probabilities. */
  readonly softmax: readonly string[];
  /** Whether the first dimension is rows that may share a run with those of other requests. */
  readonly batches: boolean;
  /** Whether all inputs of a request must have the same number of rows. Where not, requests that do not run alone. */
  readonly hasCommonRows: boolean;
}

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

/** Names of the classes in the last dimension of an output, by its name. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** The labels that `settings` have and, of the other `outputs`, those that the file of the model tells and that fit. */
export function labelsOf(
  { labels = {} }: ModelSettings,
  ofFile: Labels,
  outputs: readonly TensorSpec[],
): Labels {
  const fitting = Object.entries(ofFile).filter(([name, list]) => !labelFault({ [name]: list }, outputs));
  return { ...Object.fromEntries(fitting), ...labels };
}

/** Why `labels` do not fit `outputs`; undefined when they do. */
export function labelFault(labels: Labels, outputs: readonly TensorSpec[]): string | undefined {
  for (const [name, list] of Object.entries(labels)) {
    const output = outputs.find((candidate) => candidate.name === name);
    if (output === undefined) return `there are labels for '${name}', which is no output`;
    const classes = output.shape.at(-1) ?? -1;
    if (classes >= 0 && classes !== list.length)
      return `there are ${list.length} labels for output '${name}', which has ${classes} classes`;
  }
  return undefined;
}
