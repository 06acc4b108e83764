import { ModelSettingsError } from '../model-settings';
import type { PipelineDefinition, PipelineStep } from '../pipeline-definition';

/** Steps and tensors that a run of a pipeline needs to compute the requested outputs. */
export interface Demand {
  /** Steps to run, in topological order. */
  readonly steps: readonly PipelineStep[];
  /** Number of reads of each needed tensor, by steps and as an output. */
  readonly readers: ReadonlyMap<string, number>;
}

/**
 * Returns the steps of a pipeline in topological order.
 * @throws ModelSettingsError if a tensor has two producers or none, an input is not read, or the steps form a cycle.
 */
export function orderOf(pipeline: PipelineDefinition): readonly PipelineStep[] {
  const producers = producersOf(pipeline);
  checkNames(pipeline, producers);
  const order: PipelineStep[] = [];
  const path: PipelineStep[] = [];
  const visit = (step: PipelineStep) => {
    if (order.includes(step)) return;
    if (path.includes(step)) throw cycle(path.slice(path.indexOf(step)));
    path.push(step);
    for (const name of Object.values(step.inputs)) {
      const producer = producers.get(name);
      if (producer !== undefined) visit(producer);
    }
    path.pop();
    order.push(step);
  };
  pipeline.steps.forEach(visit);
  return order;
}

/** The steps in `order` that are needed to compute the tensors `outputs`, and the number of reads of each tensor. */
export function demandOf(order: readonly PipelineStep[], outputs: readonly string[]): Demand {
  const readers = new Map<string, number>();
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  outputs.forEach(read);
  const steps: PipelineStep[] = [];
  for (const step of order.toReversed()) {
    if (!Object.values(step.outputs).some((name) => readers.has(name))) continue;
    Object.values(step.inputs).forEach(read);
    steps.unshift(step);
  }
  return { steps, readers };
}

/** The step that produces each tensor; undefined for an input. @throws ModelSettingsError */
function producersOf({ inputs, steps }: PipelineDefinition): ReadonlyMap<string, PipelineStep | undefined> {
  const producers = new Map<string, PipelineStep | undefined>(inputs.map((name) => [name, undefined]));
  for (const step of steps) {
    for (const name of Object.values(step.outputs)) {
      if (producers.has(name))
        throw fault(
          step,
          `${step.title} produces '${name}', which is already ${ownerOf(producers.get(name))}; rename it`,
        );
      producers.set(name, step);
    }
  }
  return producers;
}

/** @throws ModelSettingsError if a tensor is not produced, or an input is not read. */
function checkNames(pipeline: PipelineDefinition, producers: ReadonlyMap<string, unknown>): void {
  const known = [...producers.keys()].map((name) => `'${name}'`).join(', ');
  for (const step of pipeline.steps) {
    const name = Object.values(step.inputs).find((candidate) => !producers.has(candidate));
    if (name !== undefined)
      throw fault(
        step,
        `${step.title} reads '${name}', which is neither an input nor an output of a step; use one of ${known}`,
      );
  }
  const output = pipeline.outputs.find((name) => producers.get(name) === undefined);
  if (output !== undefined)
    throw fault(pipeline, `no step produces the output '${output}'; the tensors are ${known}`);
  const read = new Set(pipeline.steps.flatMap(({ inputs }) => Object.values(inputs)));
  const unread = pipeline.inputs.find((name) => !read.has(name));
  if (unread !== undefined) throw fault(pipeline, `no step reads the input '${unread}'; remove it`);
}

function ownerOf(producer: PipelineStep | undefined): string {
  return producer === undefined ? 'an input' : `an output of ${producer.title}`;
}

function cycle(steps: readonly PipelineStep[]): ModelSettingsError {
  const titles = steps.map(({ title }) => title).join(', ');
  return fault(
    steps[0]!,
    steps.length === 1
      ? `${titles} reads its own output; remove the cycle`
      : `${titles} read each other's outputs in a cycle; remove the cycle`,
  );
}

function fault({ where }: { readonly where: string }, what: string): ModelSettingsError {
  return new ModelSettingsError(`${where}: ${what}`);
}
