import { ModelSettingsError } from '../model-settings';
import type { PipelineDefinition, PipelineStep } from '../pipeline-definition';

/** What a run of a pipeline needs for the outputs that are asked for. */
export interface Demand {
  /** Steps to run, each after those that it reads from. */
  readonly steps: readonly PipelineStep[];
  /** How often each tensor that is needed will be read, by a step or as an output. */
  readonly readers: ReadonlyMap<string, number>;
}

/**
 * The steps of a pipeline, each after those that it reads from.
 * @throws ModelSettingsError when a tensor is given twice or by nobody, an input is not read, or steps read each
 *   other's outputs in a circle.
 */
export function orderOf(pipeline: PipelineDefinition): readonly PipelineStep[] {
  const givers = giversOf(pipeline);
  checkNames(pipeline, givers);
  const order: PipelineStep[] = [];
  const path: PipelineStep[] = [];
  const visit = (step: PipelineStep) => {
    if (order.includes(step)) return;
    if (path.includes(step)) throw circle(path.slice(path.indexOf(step)));
    path.push(step);
    for (const name of Object.values(step.inputs)) {
      const giver = givers.get(name);
      if (giver !== undefined) visit(giver);
    }
    path.pop();
    order.push(step);
  };
  pipeline.steps.forEach(visit);
  return order;
}

/** Which of the steps in `order` the tensors `outputs` need, and who reads what. */
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

/** The step that gives each tensor; undefined for an input. @throws ModelSettingsError */
function giversOf({ inputs, steps }: PipelineDefinition): ReadonlyMap<string, PipelineStep | undefined> {
  const givers = new Map<string, PipelineStep | undefined>(inputs.map((name) => [name, undefined]));
  for (const step of steps) {
    for (const name of Object.values(step.outputs)) {
      if (givers.has(name))
        throw fault(
          step,
          `${step.title} gives '${name}', which ${givers.get(name)?.title ?? 'an input'} is already; give it another name`,
        );
      givers.set(name, step);
    }
  }
  return givers;
}

/** @throws ModelSettingsError when a tensor is not given, or an input not read. */
function checkNames(pipeline: PipelineDefinition, givers: ReadonlyMap<string, unknown>): void {
  const known = [...givers.keys()].map((name) => `'${name}'`).join(', ');
  for (const step of pipeline.steps) {
    const name = Object.values(step.inputs).find((candidate) => !givers.has(candidate));
    if (name !== undefined)
      throw fault(step, `${step.title} reads '${name}', which nothing gives; there are ${known}`);
  }
  const output = pipeline.outputs.find((name) => givers.get(name) === undefined);
  if (output !== undefined) throw fault(pipeline, `no step gives the output '${output}'; there are ${known}`);
  const read = new Set(pipeline.steps.flatMap(({ inputs }) => Object.values(inputs)));
  const unread = pipeline.inputs.find((name) => !read.has(name));
  if (unread !== undefined) throw fault(pipeline, `no step reads the input '${unread}'; remove it`);
}

function circle(steps: readonly PipelineStep[]): ModelSettingsError {
  const titles = steps.map(({ title }) => title).join(', ');
  return fault(
    steps[0]!,
    `${titles} read${steps.length === 1 ? 's its own output' : " each other's outputs in a circle"}; no step of it can be the first`,
  );
}

function fault({ where }: { readonly where: string }, what: string): ModelSettingsError {
  return new ModelSettingsError(`${where}: ${what}`);
}
