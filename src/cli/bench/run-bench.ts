import type { ModelDetails } from '../../rest/models/models.dto';
import { CommandError } from '../command-error';
import { GatewayClient } from '../gateway-client';
import { interruptible } from '../interrupt';
import { ProgressLine } from '../progress-line';
import { loadOptionsOf, type BenchOptions, type LoadOptions } from './bench-options';
import type { Timing } from './load';
import { measure, type Measurement } from './measure';
import { payloadsFor } from './payloads';
import { reportOf, textOf } from './report';

/** Loads that are measured by default. */
const DEFAULT_TIMINGS: readonly Timing[] = [1, 8, 64].map((concurrency) => ({ mode: 'closed', concurrency }));

/** Runs `nexus bench`. @throws CommandError */
export async function runBench(model: string, options: BenchOptions): Promise<void> {
  const load = loadOptionsOf(options);
  const progress = new ProgressLine();
  try {
    await interruptible(async (signal) => {
      if (options.sweep === true) {
        const { runSweep } = await import('./sweep/run-sweep.js');
        return runSweep(model, options, load, progress, signal);
      }
      return benchRunning(model, options, load, progress, signal);
    });
  } finally {
    progress.clear();
  }
}

/** Measures a model of a running gateway and prints the results. */
async function benchRunning(
  model: string,
  options: BenchOptions,
  load: LoadOptions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<void> {
  const gateway = GatewayClient.of(options);
  const details = await gateway.get<ModelDetails>(`/v1/models/${encodeURIComponent(model)}`);
  const { list, form } = await payloadsFor(gateway, details, { model, ...load });
  const measurements: Measurement[] = [];
  const print = () => {
    progress.clear();
    const report = reportOf(model, gateway.url, form, measurements);
    process.stdout.write(
      `${options.json === true ? JSON.stringify(report) : textOf(report, measurements)}\n`,
    );
  };
  for (const timing of load.timings ?? DEFAULT_TIMINGS) {
    if (signal.aborted) break;
    try {
      const measured = await measure({
        gateway,
        model,
        payloads: list,
        timing,
        warmUp: load.warmUp,
        duration: load.duration,
        signal,
        onProgress: (text) => progress.show(`${model}: ${text}`),
      });
      if (measured.window.ms > 0) measurements.push(measured);
    } catch (error) {
      if (measurements.length > 0) print();
      throw new CommandError(`${model}: ${(error as Error).message}`);
    }
  }
  print();
}
