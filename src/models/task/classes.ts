import type { TaskDefinition } from '../../tasks/task-definition';
import type { TensorSpec } from '../../tensor/tensor';

/**
 * Requires that a model returns as many classes as its task has names for, and a reranker one.
 * @param outputs those of the head, by request or not. A number of classes that is not known fits.
 * @throws Error if the folder and the model disagree.
 */
export function requireClasses({ name, labels }: TaskDefinition, outputs: readonly TensorSpec[]): void {
  const expected = name === 'reranking' ? 1 : labels?.length;
  const source = outputs.find((output) => output.name === 'logits') ?? outputs.find(isScores);
  const classes = source?.shape.at(-1) ?? -1;
  if (expected === undefined || source === undefined || classes < 0 || classes === expected) return;
  const from = name === 'reranking' ? 'a model for reranking returns' : 'the folder or model.yaml names';
  throw new Error(
    `${from} ${expected} ${expected === 1 ? 'class' : 'classes'}, but the model returns ${classes}; correct id2label in config.json, or set task or labels in model.yaml`,
  );
}

function isScores({ name }: TensorSpec): boolean {
  return name === 'scores';
}
