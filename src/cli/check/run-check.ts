import { loadConfig, type Flags } from '../../config/load-config';
import type { TensorSpec } from '../../tensor/tensor';
import { paint } from '../colours';
import { CommandError } from '../command-error';
import { ProgressLine } from '../progress-line';
import { table } from '../table';
import { checkModels, type CheckedVersion } from './checked-models';

/** Width of the columns beside those of tensors, and limits of the width of those. */
const OTHERS_WIDTH = 64;
const LEAST_TENSORS = 16;
const MOST_TENSORS = 40;

/**
 * Loads every model, and prints what would be served and what is wrong. @throws CommandError if a version is not READY.
 * @throws ConfigError for faults in the settings.
 */
export async function runCheck(flags: Flags, asJson: boolean): Promise<void> {
  const config = loadConfig(undefined, flags);
  const { modelRepository, loadModels } = config;
  const line = new ProgressLine();
  const versions = await checkModels(config, (done, all) =>
    line.show(`loading models: ${done} of ${all} versions are done`),
  ).finally(() => line.clear());
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
    throw new CommandError(
      `${problems.length} problem${problems.length === 1 ? '' : 's'} in ${modelRepository}`,
    );
}

function reportOf(versions: readonly CheckedVersion[], problems: readonly string[]): string {
  const rows = versions.map((version) => [
    version.model,
    version.version,
    paint(version.state === 'READY' ? 'good' : 'bad', version.state),
    version.device ?? '-',
    tensors(version.inputs),
    tensors(version.outputs),
    batchOf(version),
    version.load_ms === undefined ? '-' : `${version.load_ms} ms`,
  ]);
  const header = ['MODEL', 'VERSION', 'STATE', 'DEVICE', 'INPUTS', 'OUTPUTS', 'BATCH', 'LOAD'];
  return [
    ...(rows.length === 0 ? [] : [table(header, rows, { right: [7] })]),
    ...(problems.length === 0
      ? []
      : ['', paint('heading', 'Problems'), ...problems.map((text) => `  ${text}`)]),
    '',
  ].join('\n');
}

/** `specs` in short, cut to what fits the terminal. */
function tensors(specs: readonly TensorSpec[]): string {
  const free = Math.floor(((process.stdout.columns || Infinity) - OTHERS_WIDTH) / 2);
  const limit = Math.max(LEAST_TENSORS, Math.min(MOST_TENSORS, free));
  const text = specs.map(({ name, datatype, shape }) => `${name} ${datatype}[${shape.join()}]`).join(' ');
  if (text === '') return '-';
  return text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
}

function batchOf({ max_batch_rows: rows, not_batched }: CheckedVersion): string {
  if (rows === undefined) return '-';
  return not_batched === undefined ? `${rows} rows` : 'no';
}
