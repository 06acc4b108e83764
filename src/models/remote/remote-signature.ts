import type { RemoteModel } from '../../remote/connection';
import type { ModelSettings } from '../../repository/model-settings';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import type { TensorSpec } from '../../tensor/tensor';
import { labelFault, NO_TASK, type Signature } from '../signature';

/**
 * The signature of a model that a target describes as `model`. Its inputs have rows if the first dimension of every tensor is
 * variable; the target decides which requests share a run.
 * @throws Error if the settings do not match the model.
 */
export function remoteSignatureOf({ inputs, outputs }: RemoteModel, settings: ModelSettings): Signature {
  const { labels = {}, softmax } = settings;
  const fault = labelFault(labels, outputs) ?? softmaxFault(softmax, outputs);
  if (fault !== undefined) throw new Error(fault);
  return {
    ...NO_TASK,
    inputs,
    outputs,
    outputNames: outputs.map(({ name }) => name),
    labels,
    softmax: softmaxOutputs(softmax, outputs),
    batches: inputs.length > 0 && [...inputs, ...outputs].every(({ shape }) => shape[0] === -1),
    hasCommonRows: false,
  };
}

/** How `found` differs from the model that was described first; undefined if it does not. */
export function differenceOf(
  found: RemoteModel,
  known: Pick<Signature, 'inputs' | 'outputs'>,
): string | undefined {
  return (
    tensorsDiffer('inputs', found.inputs, known.inputs) ??
    tensorsDiffer('outputs', found.outputs, known.outputs)
  );
}

function tensorsDiffer(
  what: string,
  found: readonly TensorSpec[],
  known: readonly TensorSpec[],
): string | undefined {
  const [got, expected] = [textOf(found), textOf(known)];
  return got === expected ? undefined : `expected the ${what} ${expected}, got ${got}`;
}

/** The tensors in the order of their names: servers list them in any order. */
function textOf(specs: readonly TensorSpec[]): string {
  const texts = specs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(',')}]`);
  return texts.toSorted().join(', ');
}
