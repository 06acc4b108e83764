import { availableParallelism } from 'node:os';
import { Logger } from '@nestjs/common';
import { loadConfig } from '../../../config/load-config';
import { synchronisedRoots } from '../../../storage/sync/synchronised-roots';
import type { VersionDetails } from '../../../rest/models/version-details.dto';
import { CommandError } from '../../command-error';
import { loadedVersion } from '../../loaded-version';
import type { ProgressLine } from '../../progress-line';
import type { BenchOptions, LoadOptions } from '../bench-options';
import type { Timing } from '../load';
import { integersOf, positiveOf } from '../integers';
import { payloadsFor } from '../payloads';
import { candidatesFor, type Candidate, type SweepSpace } from './candidates';
import { PrivateGateway } from './private-gateway';
import { PrivateRepository } from './private-repository';
import { reload, sweep } from './sweep';
import { sweepReportOf, sweepTextOf } from './sweep-report';

/** Loads of each candidate by default: many clients, for the most throughput, or several numbers of them for an objective. */
const MOST_THROUGHPUT: readonly Timing[] = [{ mode: 'closed', concurrency: 64 }];
const FOR_OBJECTIVE: readonly Timing[] = [1, 4, 16, 64].map((concurrency) => ({
  mode: 'closed',
  concurrency,
}));

/** Seconds of each load by default. */
const DURATION = 2;

/** Runs `nexus bench --sweep` and prints the results. Leaves neither files nor processes behind. @throws CommandError */
export async function runSweep(
  model: string,
  options: BenchOptions,
  load: LoadOptions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<void> {
  const p99 = options.p99 === undefined ? undefined : positiveOf('--p99', options.p99);
  if (options.url !== undefined)
    throw new CommandError(
      '--sweep measures in a private gateway',
      'omit --url; --repository names the folder of models',
    );
  const given = givenValues(options);
  progress.show(`${model}: starting a private gateway`);
  const repository = await PrivateRepository.of(await sourcesOf(options, progress), model);
  try {
    const gateway = await PrivateGateway.start(repository.path);
    try {
      // A model whose batching its settings turn off may batch without them.
      const isOff = repository.settings['max_batch_rows'] === 1;
      const details = await reload({ model, gateway, repository }, isOff ? { max_batch_rows: 2 } : {});
      const payloads = await payloadsFor(gateway.client, details, { model, ...load });
      const version = loadedVersion(details);
      const entries = await sweep(
        {
          model,
          gateway,
          repository,
          payloads: payloads.list,
          timings: load.timings ?? (p99 === undefined ? MOST_THROUGHPUT : FOR_OBJECTIVE),
          duration: load.duration ?? DURATION,
          warmUp: load.warmUp,
          p99,
          signal,
          onProgress: (text) => progress.show(text),
        },
        candidatesFor({
          ...given,
          cores: availableParallelism(),
          device: version?.device ?? 'cpu',
          batches: version?.batching?.enabled ?? false,
        }).filter((candidate) => !isCurrent(candidate, version, isOff)),
      );
      progress.clear();
      const head = { model, requests: payloads.form, p99 };
      process.stdout.write(
        `${options.json === true ? JSON.stringify(sweepReportOf(head, entries)) : sweepTextOf(head, entries)}\n`,
      );
    } finally {
      await gateway.stop();
    }
  } finally {
    await repository.remove();
  }
}

/** Folders and files of the models, downloaded if they are at URLs. */
async function sourcesOf({ repository }: BenchOptions, progress: ProgressLine): Promise<readonly string[]> {
  if (repository !== undefined) return [repository];
  Logger.overrideLogger(false);
  return synchronisedRoots(loadConfig(), (text) => progress.show(text));
}

/** Whether the model has the settings of `candidate` without a change. */
function isCurrent(
  candidate: Candidate,
  version: VersionDetails | undefined,
  isBatchingOff: boolean,
): boolean {
  const rows = isBatchingOff ? 1 : version?.batching?.max_batch_rows;
  return (
    candidate.instances === version?.instances &&
    candidate.threads === version?.threads &&
    (candidate.max_batch_rows ?? rows) === rows
  );
}

function givenValues({
  instances,
  threads,
  batch,
}: BenchOptions): Pick<SweepSpace, 'instances' | 'threads' | 'batch'> {
  const values = (option: string, text: string | undefined) =>
    text === undefined ? undefined : integersOf(option, text);
  return {
    instances: values('--instances', instances),
    threads: values('--threads', threads),
    batch: values('--batch', batch),
  };
}
