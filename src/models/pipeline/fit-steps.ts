import type { TensorSpec } from '../../tensor/tensor';
import { fitTensors, type DeclaredTensors } from '../../repository/declared-tensors';
import type { Signature } from '../signature';
import type { PipelineDefinition, PipelineStep } from '../../repository/pipeline-definition';

/** A tensor of a pipeline, and who says that it is so. */
interface Known extends TensorSpec {
  readonly source: string;
}

/** A step and what its model takes and gives. */
export interface SignedStep {
  readonly step: PipelineStep;
  readonly signature: Signature;
}

/**
 * What a pipeline takes and gives, by the models of its steps, which are in order. It batches when all of them do.
 * Labels and logits are those of the models.
 * @throws Error with one line that names file and step when the models do not fit each other, or not what is declared.
 */
export function fitSteps(
  { inputs, outputs }: PipelineDefinition,
  steps: readonly SignedStep[],
  declared?: DeclaredTensors,
): Signature {
  const tensors = new Map<string, Known>();
  const labels = new Map<string, readonly string[]>();
  const softmax: string[] = [];
  for (const { step, signature } of steps) {
    checkNames(step, signature);
    for (const spec of signature.inputs) read(spec, step, inputs, tensors);
    for (const [name, ours] of Object.entries(step.outputs)) {
      const spec = signature.outputs.find((output) => output.name === name)!;
      tensors.set(ours, { ...spec, name: ours, source: `${step.title} gives it` });
      const list = Object.hasOwn(signature.labels, name) ? signature.labels[name] : undefined;
      if (list !== undefined && outputs.includes(ours)) labels.set(ours, list);
      if (signature.softmax.includes(name) && outputs.includes(ours)) softmax.push(ours);
    }
  }
  const specsOf = (names: readonly string[]) => names.map((name) => specOf(tensors.get(name)!));
  const fitted = fitTensors(declared, { inputs: specsOf(inputs), outputs: specsOf(outputs) });
  const outputNames = fitted.outputs.map(({ name }) => name);
  const batches = steps.every(({ signature }) => signature.batches);
  const known = { outputNames, labels: Object.fromEntries(labels), softmax, batches, hasCommonRows: true };
  return { ...fitted, ...known };
}

/** @throws Error when the model has not the tensors of the step, or takes more. */
function checkNames({ title, where, ...step }: PipelineStep, { inputs, outputs }: Signature): void {
  const check = (kind: string, names: readonly string[], specs: readonly TensorSpec[]) => {
    const strange = names.find((name) => !specs.some((spec) => spec.name === name));
    if (strange === undefined) return;
    const known = specs.map(({ name }) => `'${name}'`).join(', ');
    throw new Error(`${where}: ${title}: the model has no ${kind} '${strange}'; it has ${known}`);
  };
  check('input', Object.keys(step.inputs), inputs);
  check('output', Object.keys(step.outputs), outputs);
  const forgotten = inputs.find(({ name }) => !Object.hasOwn(step.inputs, name));
  if (forgotten !== undefined)
    throw new Error(`${where}: ${title}: the model takes the input '${forgotten.name}' too; add it`);
}

/** Notes that an input of a model is a tensor of the pipeline. @throws Error when that is another one. */
function read(
  spec: TensorSpec,
  step: PipelineStep,
  inputs: readonly string[],
  tensors: Map<string, Known>,
): void {
  const ours = step.inputs[spec.name]!;
  const known = tensors.get(ours);
  if (known !== undefined && !agrees(spec, known))
    throw new Error(
      `${step.where}: ${step.title}: the input '${spec.name}' is ${shown(spec)}, but '${ours}' is ${shown(known)}, as ${known.source}`,
    );
  if (!inputs.includes(ours)) return;
  // An input that several models read has every size that any of them asks for.
  const shape = spec.shape.map((size, axis) => (size === -1 ? (known?.shape[axis] ?? size) : size));
  tensors.set(ours, { ...spec, name: ours, shape, source: `${step.title} reads it` });
}

/** Whether some tensor can be both. */
function agrees(one: TensorSpec, other: TensorSpec): boolean {
  return (
    one.datatype === other.datatype &&
    one.shape.length === other.shape.length &&
    one.shape.every((size, axis) => size === -1 || other.shape[axis] === -1 || size === other.shape[axis])
  );
}

function specOf({ name, datatype, shape }: Known): TensorSpec {
  return { name, datatype, shape };
}

function shown({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(',')}]`;
}
