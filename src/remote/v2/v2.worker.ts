import { bufferOf } from '../../common/buffer-of';
import { moving } from '../../common/offload';
import type { Tensor } from '../../tensor/tensor';
import { TargetFailure } from '../target-failure';
import { inputJson } from './v2-inputs';
import type { Settled } from './v2-json';
import { readOutputs } from './v2-outputs';

/** Runs {@link inputJson} for each input on the thread. */
export function encodeInputs(inputs: readonly Tensor[]): unknown {
  return moving({ value: settle(() => inputs.map(inputJson)) }, []);
}

/** Runs {@link readOutputs} on the thread. The memory of the tensors is transferred to the caller. */
export function decodeOutputs(json: Uint8Array): unknown {
  const settled = settle(() => readOutputs(bufferOf(json)));
  const buffers = 'result' in settled ? settled.result.flatMap(({ data }) => data?.buffer ?? []) : [];
  return moving({ value: settled }, buffers);
}

function settle<T>(work: () => T): Settled<T> {
  try {
    return { result: work() };
  } catch (error) {
    if (!(error instanceof TargetFailure)) throw error;
    return { kind: error.kind, message: error.message };
  }
}
