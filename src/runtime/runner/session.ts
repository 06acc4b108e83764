import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import type { LoadMessage, LoadedModel } from '../messages';
import type { Device } from '../../common/device';
import type { TensorSpec } from '../../tensor/tensor';
import { tryBatching } from './batching-trial';
import { withHead, type HeadedModel } from './head';
import { mixingOperator } from './mixing';
import { inspect } from './onnx-file';
import { datatypeOfElementType } from './onnx-types';
import { ortMessage } from './ort-message';
import { unpaddableReason } from './padding-trial';
import type { SessionRun } from './session-run';
import { unzip } from './zip-map';

/** Logs only fatal messages. Other errors are reported to the caller, and ONNX Runtime would print them in colour. */
const QUIET = { logSeverityLevel: 4 } as const;

/** Advice for models whose rows the operator knows to be independent. */
const REMEDY = 'if the rows do not depend on each other, set max_batch_rows in model.yaml';

/** A loaded session and the description of its model. */
export interface Session {
  readonly model: LoadedModel;
  readonly run: SessionRun;
  /** Frees the memory of the session, which can then no longer run. */
  release(): Promise<void>;
}

/** Loads the model of `message`. @throws Error with the reason, for people. */
export async function loadSession(message: LoadMessage): Promise<Session> {
  const file = inspect(message.path, message.root, message.digests);
  const unzipped = unzip(message.path);
  const { session, device, fallback } = await create(message, unzipped?.bytes);
  const inputs = session.inputMetadata.map(specOf);
  const { outputs, extraOutputs, trialled, run } = headed(message, session);
  const batching = await batchingOf(message, inputs, trialled, run);
  return {
    model: {
      inputs,
      outputs,
      extraOutputs,
      unpaddable:
        message.head === undefined
          ? ''
          : batching.unbatchable || (await unpaddableReason(inputs, trialled, run)),
      // A head has other outputs.
      labels: message.head === undefined ? (unzipped?.labels ?? {}) : {},
      hasCommonRows: haveOneName(session.inputMetadata.map(firstDimension)),
      device,
      ...(fallback === undefined ? {} : { fallback }),
      ...batching,
      file,
    },
    run,
    release: () => session.release(),
  };
}

/** The outputs of the model, or of its head, and how to run it. */
function headed({ head }: LoadMessage, session: InferenceSession): HeadedModel {
  const outputs = session.outputMetadata.map(specOf);
  const run: SessionRun = (feeds, names) => session.run(feeds, names, QUIET);
  return head === undefined
    ? { outputs, extraOutputs: [], trialled: outputs, run }
    : withHead(head, outputs, run);
}

/** @param bytes the model, if it differs from the file. */
async function create(
  message: LoadMessage,
  bytes: Uint8Array | undefined,
): Promise<{ session: InferenceSession; device: 'cpu' | 'cuda'; fallback?: string }> {
  const { device } = message;
  if (device === 'cpu') return { session: await createOn('cpu', message, bytes), device };
  try {
    return { session: await createOn(device, message, bytes), device: 'cuda' };
  } catch (error) {
    if (device !== 'auto') throw error;
    return { session: await createOn('cpu', message, bytes), device: 'cpu', fallback: errorTextOf(error) };
  }
}

async function createOn(
  device: Device,
  { path, root, threads }: LoadMessage,
  bytes: Uint8Array | undefined,
): Promise<InferenceSession> {
  const deviceId = Number(device.split(':')[1] ?? 0);
  const options: InferenceSession.SessionOptions = {
    ...QUIET,
    executionProviders: device === 'cpu' ? ['cpu'] : [{ name: 'cuda', deviceId }],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: {
      session: {
        // Spinning threads keep whole cores busy while nothing runs, without better latency.
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
        // External data is next to the file, even if the model is loaded from bytes.
        ...(bytes === undefined ? {} : { model_external_initializers_file_folder_path: dirname(path) }),
      },
    },
  };
  const loading =
    bytes === undefined ? InferenceSession.create(path, options) : InferenceSession.create(bytes, options);
  return loading.catch((error: unknown) => {
    const folders = [dirname(path), root].flatMap((folder) => [folder, realpathSync(folder)]);
    throw new Error(errorTextOf(error, folders), { cause: error });
  });
}

function specOf(value: InferenceSession.ValueMetadata): TensorSpec {
  if (!value.isTensor) throw new Error(`'${value.name}' is not a tensor; export the model with tensors only`);
  const datatype = datatypeOfElementType(value.type);
  if (datatype === undefined)
    throw new Error(`'${value.name}' has the element type ${value.type}, which is not supported`);
  return {
    name: value.name,
    datatype,
    shape: value.shape.map((dim) => (typeof dim === 'number' ? dim : -1)),
  };
}

/** Name of the first dimension; '' if it is unnamed, undefined if it is fixed or does not exist. */
function firstDimension(value: InferenceSession.ValueMetadata): string | undefined {
  const first = value.isTensor ? value.shape[0] : undefined;
  return typeof first === 'string' ? first : undefined;
}

function haveOneName(names: readonly (string | undefined)[]): boolean {
  return names.length === 1 || (names[0] !== '' && new Set(names).size === 1);
}

/**
 * Determines whether requests may share a run: from the graph, a trial and, if no trial is possible, the configuration.
 */
async function batchingOf(
  { batching, path }: LoadMessage,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  run: SessionRun,
): Promise<Pick<LoadedModel, 'unbatchable' | 'untried'>> {
  if (batching === 'off') return { unbatchable: 'batching is off' };
  const fixed = [...inputs, ...outputs].find(({ shape }) => shape[0] !== -1);
  if (fixed !== undefined) return { unbatchable: `'${fixed.name}' has no variable first dimension` };
  if (inputs.length === 0) return { unbatchable: 'the model has no inputs' };
  const mixer = mixingOperator(path, inputs);
  if (mixer !== undefined) return { unbatchable: `the operator ${mixer} combines rows` };
  const { against, failed } = await tryBatching(inputs, outputs, run);
  if (failed === '') return { unbatchable: against };
  const untried = errorTextOf(failed);
  if (batching === 'declared') return { unbatchable: '', untried };
  return {
    unbatchable: `row independence cannot be tested, because generated inputs fail: ${untried}; ${REMEDY}`,
    untried,
  };
}

/** The message of `error`, cleaned up for clients; see {@link ortMessage}. */
export function errorTextOf(error: unknown, folders: readonly string[] = []): string {
  return ortMessage(error instanceof Error ? error.message : String(error), folders);
}
