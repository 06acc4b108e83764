import { Logger } from '@nestjs/common';
import { Config } from '../../config/config';
import { loadConfig, type Flags } from '../../config/load-config';
import { synchronisedRoots } from '../../storage/sync/synchronised-roots';
import { paint } from '../colours';
import { CommandError } from '../command-error';
import { plural } from '../numbers';
import { printable } from '../printable';
import { ProgressLine } from '../progress-line';
import { versionTable } from '../version-table';
import { checkModels, type CheckedVersion } from './checked-models';

/**
 * Loads every model, and prints what would be served and what is wrong. @throws CommandError if a version is not READY.
 * @throws ConfigError for faults in the settings.
 */
export async function runCheck(flags: Flags, asJson: boolean): Promise<void> {
  const config = loadConfig(undefined, flags);
  const { loadModels } = config;
  const modelRepository = config.modelRepository.join(', ');
  const line = new ProgressLine();
  const versions = await checkAll(config, line).finally(() => line.clear());
  const missing = loadModels.filter((name) => name !== '*' && !versions.some(({ model }) => model === name));
  const problems = [
    ...versions
      .filter(({ state }) => state !== 'READY')
      .map(({ model, version, reason }) => `${model}/${version}: ${reason}`),
    ...missing.map((name) => `NEXUS_LOAD_MODELS: the model repository has no model '${name}'`),
    ...(versions.length === 0
      ? [`no models found in ${modelRepository}; put one at ${modelRepository}/<name>/1/model.onnx`]
      : []),
  ];
  if (asJson)
    process.stdout.write(
      `${JSON.stringify({ ok: problems.length === 0, versions, problems }, undefined, 2)}\n`,
    );
  else process.stdout.write(reportOf(versions, problems));
  if (problems.length > 0)
    throw new CommandError(`${plural(problems.length, 'problem')} in ${modelRepository}`);
}

async function checkAll(config: Config, line: ProgressLine): Promise<readonly CheckedVersion[]> {
  Logger.overrideLogger(false);
  const roots = await synchronisedRoots(config, (text) => line.show(text));
  const local = Object.assign(new Config(), config, { modelRepository: roots });
  return checkModels(local, (done, all) => line.show(`loading models: ${done} of ${all} versions`));
}

function reportOf(versions: readonly CheckedVersion[], problems: readonly string[]): string {
  const rows = versions.map(({ max_batch_rows: batchRows, not_batched, load_ms, ...row }) => ({
    ...row,
    batchRows: not_batched === undefined ? batchRows : 1,
    last: load_ms === undefined ? undefined : `${load_ms} ms`,
  }));
  return [
    ...(rows.length === 0 ? [] : [versionTable(rows, 'LOAD')]),
    ...(problems.length === 0
      ? []
      : ['', paint('heading', 'Problems'), ...problems.map((text) => `  ${printable(text)}`)]),
    '',
  ].join('\n');
}
