import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import type { Trace } from '../../common/trace';
import type { Tensor } from '../../tensor/tensor';
import type { Job, JobResult } from '../../scheduling/job';
import type { Servable } from '../model';
import { validateInputs } from '../validation';
import type { PipelineStep } from '../../repository/pipeline-definition';
import { demandOf } from '../../repository/pipeline/graph';

/** The version that runs each step of a pipeline, in topological order. */
export type BoundSteps = ReadonlyMap<PipelineStep, Servable>;

/**
 * Runs one request through a pipeline. Each step runs as soon as its inputs are available, concurrently with other
 * steps. A tensor is released after its last reader has taken it. Steps and tensors that the requested outputs do not
 * need are not computed.
 */
export class PipelineRun {
  private readonly tensors: Map<string, Tensor>;
  private readonly steps: readonly PipelineStep[];
  /** Remaining number of reads of each tensor. */
  private readonly readers: Map<string, number>;
  private readonly times = { queueMs: 0, inputMs: 0, runMs: 0, outputMs: 0 };
  private failed = false;

  constructor(
    private readonly parts: BoundSteps,
    private readonly job: Job,
  ) {
    const { steps, readers } = demandOf([...parts.keys()], job.outputs);
    this.steps = steps;
    this.readers = new Map(readers);
    const needed = job.inputs.filter(({ name }) => readers.has(name));
    this.tensors = new Map(needed.map((input) => [input.name, input]));
  }

  /** Runs all steps. Rejects with a NexusError that contains the step. The times are sums over all steps. */
  async result(): Promise<JobResult> {
    const produced = new Map<string, Promise<void>>();
    const done = this.steps.map((step) => {
      const ready = Promise.all(Object.values(step.inputs).flatMap((name) => produced.get(name) ?? []));
      const finished = ready.then(() => this.run(step));
      for (const name of Object.values(step.outputs)) produced.set(name, finished);
      return finished;
    });
    await Promise.all(done).catch((error: unknown) => {
      this.failed = true;
      throw error;
    });
    return { outputs: this.job.outputs.map((name) => this.tensors.get(name)!), ...this.times };
  }

  private async run(step: PipelineStep): Promise<void> {
    const part = this.parts.get(step)!;
    const started = performance.now();
    const trace = this.job.trace?.begin(step.title, started, {});
    trace?.serve(part.name, part.version);
    try {
      const { job, times } = await this.submit(step, part, trace);
      const totalMs = performance.now() - started;
      trace?.end(started + totalMs);
      if (job.uncounted !== true) part.metrics.request('success', job.rows, { totalMs, ...times });
    } catch (error) {
      const outcome = error instanceof NexusError ? error.kind : 'internal';
      const totalMs = performance.now() - started;
      trace?.end(started + totalMs, outcome);
      if (this.job.uncounted !== true) part.metrics.request(outcome, 0, { totalMs });
      throw ofStep(step, error);
    }
  }

  private async submit(step: PipelineStep, part: Servable, trace: Trace | undefined) {
    const job = { ...this.jobOf(step, part), trace };
    const { outputs, ...times } = await part.run(job);
    for (const output of outputs) {
      const name = step.outputs[output.name]!;
      this.tensors.set(name, { ...output, name });
    }
    for (const key of ['queueMs', 'inputMs', 'runMs', 'outputMs'] as const) this.times[key] += times[key];
    return { job, times };
  }

  /** @throws NexusError invalid_input if the outputs of earlier steps are not valid inputs of the model. */
  private jobOf(step: PipelineStep, part: Servable): Job {
    const given = Object.entries(step.inputs).map(([name, ours]) => ({ ...this.take(ours), name }));
    const outputs = Object.keys(step.outputs).filter((name) => this.readers.has(step.outputs[name]!));
    const abandoned = () => this.failed || this.job.abandoned?.() === true;
    return { ...this.job, ...validateInputs(given, part.name, part.signature), outputs, abandoned };
  }

  /** Returns the tensor `name` to one of its readers, and releases it after the last one. */
  private take(name: string): Tensor {
    const tensor = this.tensors.get(name)!;
    const left = this.readers.get(name)! - 1;
    this.readers.set(name, left);
    if (left === 0) this.tensors.delete(name);
    return tensor;
  }
}

/** Adds the step to `error` if it is a NexusError. Returns other errors unchanged. */
export function ofStep({ title }: PipelineStep, error: unknown): unknown {
  return error instanceof NexusError ? errors.stepFailed(title, error) : error;
}
