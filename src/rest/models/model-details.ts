import { stat } from 'node:fs/promises';
import type { TensorSpec } from '../../tensor/tensor';
import { cachePolicyOf } from '../../repository/model-settings';
import type { Caller } from '../../identity/caller';
import type { TargetStatus } from '../../remote/fleet/fleet-request';
import { limitsOf } from '../../models/limits';
import type { Model, Servable, ServedStep } from '../../models/model';
import { countedNames, taskOf } from './task-details';
import type { ModelDetails, ModelEntry } from './models.dto';
import type { Rollout } from '../../models/rollout/state-file';
import type {
  OnnxDetails,
  OutputLabels,
  PipelineStepDetails,
  RunnerMemory,
  TargetDetails,
  VersionBatching,
  VersionDetails,
} from './version-details.dto';

/** `model` as an entry of the model list of the OpenAI API. */
export async function entryOf({ name, versions }: Model): Promise<ModelEntry> {
  const loadedAt = versions.findLast(({ state }) => state === 'READY')?.loadedAt;
  const created = loadedAt ?? (await writtenAt(versions));
  return { id: name, object: 'model', created: Math.floor(created.getTime() / 1000), owned_by: 'nexus' };
}

/** Describes `model` and its roll-out for `caller`. Measures the memory of its runners. */
export async function detailsOf(
  model: Model,
  { aliases, traffic }: Rollout,
  caller: Pick<Caller, 'has'>,
): Promise<ModelDetails> {
  const { settings, versions } = model;
  const { id, object, created, owned_by } = await entryOf(model);
  const cache = cachePolicyOf(settings);
  return {
    id,
    object,
    created,
    owned_by,
    name: id,
    ready: versions.some(({ state }) => state === 'READY'),
    ...(settings.description === undefined ? {} : { description: settings.description.trim() }),
    required: settings.required ?? false,
    aliases,
    ...(traffic === null ? {} : { traffic }),
    ...(cache === undefined ? {} : { cache }),
    versions: await Promise.all(versions.map((version) => versionOf(version, caller.has('admin')))),
  };
}

/** The modification time of the file of the newest version that has one; the start of 1970 if none has. */
async function writtenAt(versions: readonly Servable[]): Promise<Date> {
  const newest = versions.findLast(({ options }) => options.path !== '');
  const file = newest && (await stat(newest.options.path).catch(() => undefined));
  return file?.mtime ?? new Date(0);
}

async function versionOf(version: Servable, showsTargets: boolean): Promise<VersionDetails> {
  const { state, reason, device, loadMs, loadedAt, options, steps } = version;
  const memory = await memoryOf(version);
  return {
    version: version.version,
    state,
    reason,
    load: options.onDemand ? 'on_demand' : 'start',
    in_memory: version.inMemory,
    isolation: options.pool === undefined ? 'own' : 'shared',
    ...options.placement,
    ...(device === undefined ? {} : { device }),
    ...signatureOf(version),
    ...(options.task === undefined ? {} : { task: taskOf(options.task) }),
    ...onnxDetails(version),
    ...(memory === undefined ? {} : { memory }),
    ...(steps === undefined ? {} : { steps: steps.map(stepOf) }),
    ...(showsTargets && version.targets.length > 0 ? { targets: version.targets.map(targetOf) } : {}),
    ...(loadMs === undefined ? {} : { load_ms: Math.round(loadMs) }),
    ...(loadedAt === undefined ? {} : { loaded_at: loadedAt.toISOString() }),
  };
}

/** Details that are known after the version has loaded. */
function signatureOf(version: Servable): Partial<VersionDetails> {
  if (version.loadedAt === undefined || version.forwarder !== undefined) return {};
  const { inputs, tensorInputs, outputs, extraOutputs, labels } = version.signature;
  return {
    signature: {
      inputs: inputs.map(tensorOf),
      ...(tensorInputs.length === 0 ? {} : { tensor_inputs: tensorInputs.map(tensorOf) }),
      outputs: outputs.map(tensorOf),
      ...(extraOutputs.length === 0 ? {} : { extra_outputs: extraOutputs.map(tensorOf) }),
    },
    labels: Object.entries(labels).map(labelsOf),
  };
}

/** Details that are known after a runner has read the file. */
function onnxDetails(version: Servable): Partial<VersionDetails> {
  const { file } = version;
  if (file === undefined) return {};
  return { batching: batchingOf(version), file_bytes: file.bytes, onnx: onnxOf(file) };
}

function stepOf({ step, part }: ServedStep): PipelineStepDetails {
  return { model: step.model, ...(part === undefined ? {} : { version: part.version }) };
}

function targetOf({ target, state, reason, inFlight }: TargetStatus): TargetDetails {
  const { id, protocol, model, weight, region } = target;
  const place = region === undefined ? {} : { region };
  return { target: id, protocol, model, state, reason, in_flight: inFlight, weight, ...place };
}

function tensorOf({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape: [...shape] };
}

function labelsOf([output, names]: [string, readonly string[]]): OutputLabels {
  const { count, names: shown } = countedNames(names);
  return { output, count, ...(shown === undefined ? {} : { names: shown }) };
}

function batchingOf({
  unbatchable,
  untried,
  maxBatchRows,
  maxBatchTokens,
  options,
}: Servable): VersionBatching {
  const limits = limitsOf(options.settings);
  const { merge_requests: merges = true, priority_levels = 0 } = options.settings;
  const whyNot = unbatchable === '' && !merges ? 'its configuration has no dynamic_batching' : unbatchable;
  return {
    enabled: whyNot === '',
    ...(whyNot === '' ? {} : { why_not: whyNot }),
    ...(untried === undefined ? {} : { trial_failed: untried }),
    max_batch_rows: maxBatchRows,
    ...(maxBatchTokens === undefined ? {} : { max_batch_tokens: maxBatchTokens }),
    max_queue_delay_us: limits.max_queue_delay_us,
    max_queue_rows: limits.max_queue_rows,
    max_queue_bytes: limits.max_queue_bytes,
    priority_levels,
  };
}

async function memoryOf(version: Servable): Promise<RunnerMemory | undefined> {
  const runners = [...(await version.residentBytes())];
  if (runners.length === 0) return undefined;
  const sum = runners.reduce((total, bytes) => total + bytes);
  return { resident_bytes: sum, resident_bytes_per_runner: runners };
}

function onnxOf({ metadata }: NonNullable<Servable['file']>): OnnxDetails {
  return {
    ir_version: metadata.irVersion,
    opset: metadata.opsets,
    producer_name: metadata.producerName,
    producer_version: metadata.producerVersion,
    domain: metadata.domain,
    model_version: metadata.modelVersion,
    doc_string: metadata.docString,
    graph_name: metadata.graphName,
    metadata_props: metadata.properties,
    truncated: metadata.isCut,
  };
}
