import type { TensorSpec } from '../../tensor/tensor';
import { fitTensors, type DeclaredTensors } from '../../repository/declared-tensors';
import { NO_TASK, type Signature } from '../signature';
import type { PipelineDefinition, PipelineStep } from '../../repository/pipeline-definition';

/** A tensor of a pipeline, and the step that its datatype and shape come from. */
interface Known extends TensorSpec {
  readonly source: string;
}

/** A step and the signature of its model. */
export interface SignedStep {
  readonly step: PipelineStep;
  readonly signature: Signature;
}

/**
 * Computes the signature of a pipeline from the models of its steps, which are in topological order. The pipeline
 * batches if all models do. Labels and logits come from the models.
 * @throws Error with one line that contains the file and the step if the models are not compatible with each other or
 *   with `declared`.
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
      tensors.set(ours, { ...spec, name: ours, source: `produced by ${step.title}` });
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
  return { ...fitted, ...NO_TASK, ...known };
}

/** @throws Error if the model lacks a tensor of the step, or the step lacks an input of the model. */
function checkNames({ title, where, ...step }: PipelineStep, { inputs, outputs }: Signature): void {
  const check = (kind: string, names: readonly string[], specs: readonly TensorSpec[]) => {
    const unexpected = names.find((name) => !specs.some((spec) => spec.name === name));
    if (unexpected === undefined) return;
    const known = specs.map(({ name }) => `'${name}'`).join(', ');
    throw new Error(`${where}: ${title}: the model has no ${kind} '${unexpected}'; it has ${known}`);
  };
  check('input', Object.keys(step.inputs), inputs);
  check('output', Object.keys(step.outputs), outputs);
  const missing = inputs.find(({ name }) => !Object.hasOwn(step.inputs, name));
  if (missing !== undefined)
    throw new Error(`${where}: ${title}: the model also requires the input '${missing.name}'; add it`);
}

/** Connects an input of a model to its tensor in the pipeline. @throws Error if their datatypes or shapes differ. */
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
      `${step.where}: ${step.title}: input '${spec.name}': expected ${format(spec)}, got ${format(known)} from '${ours}', ${known.source}`,
    );
  if (!inputs.includes(ours)) return;
  // An input that several models read has all the fixed sizes that any of them requires.
  const shape = spec.shape.map((size, axis) => (size === -1 ? (known?.shape[axis] ?? size) : size));
  tensors.set(ours, { ...spec, name: ours, shape, source: `also read by ${step.title}` });
}

/** Whether a tensor can match both. */
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

function format({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(',')}]`;
}
