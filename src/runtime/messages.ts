import type { Datatype, Shape, TensorSpec } from '../tensor/tensor';
import type { Device } from '../common/device';

/*
 * Everything that crosses the IPC channel between the gateway and a runner. Tensors do not: they lie in the
 * slab, and the messages only say where. A process does one thing at a time, so answers need no number; sessions have
 * one, because small models may share a process.
 */

/**
 * Whether requests may share a run: not at all, if a trial finds nothing against it, or also where it is declared and no
 * trial is possible.
 */
export type Batching = 'off' | 'tried' | 'declared';

/** Load this model into a new session. */
export interface LoadMessage {
  readonly type: 'load';
  /** Number of the session. */
  readonly session: number;
  /** Absolute path of the ONNX file. */
  readonly path: string;
  /** Folder that the model's files, external data included, must not leave. */
  readonly root: string;
  readonly device: Device;
  /** Threads of one operator (intra-op). */
  readonly threads: number;
  readonly batching: Batching;
  /** Whether to compute the digest of the model. */
  readonly digests: boolean;
}

/** Where one tensor lies in the slab. */
export interface SlabTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  /** Bytes from the start of the slab; a multiple of 8. */
  readonly offset: number;
  readonly byteLength: number;
}

/** Run once on the inputs in the slab; write the outputs from `outputOffset` on. */
export interface RunMessage {
  readonly type: 'run';
  readonly session: number;
  readonly inputs: readonly SlabTensor[];
  readonly outputs: readonly string[];
  readonly outputOffset: number;
}

/** The session is not needed any more. */
export interface ReleaseMessage {
  readonly type: 'release';
  readonly session: number;
}

/** What an ONNX file says of itself (ModelProto in onnx.proto). Empty or 0 where it says nothing. */
export interface OnnxMetadata {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  /** A 64-bit integer, which a number does not always hold. */
  readonly modelVersion: string;
  readonly docString: string;
  readonly graphName: string;
  /** Version of each operator set, by its domain; `ai.onnx` are the operators of ONNX itself. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Its `metadata_props`. */
  readonly properties: Readonly<Record<string, string>>;
  /** Whether texts were cut to 4 KiB, or entries left out beyond the first 128. */
  readonly isCut: boolean;
}

/** The file that a model was loaded from. */
export interface OnnxFile {
  /** Its size, files with external data included. */
  readonly bytes: number;
  /** SHA-256 of its bytes, files with external data included, where it was asked for. */
  readonly digest?: string;
  readonly metadata: OnnxMetadata;
}

/** What a runner found in the model it loaded. */
export interface LoadedModel {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Names of the classes in the last dimension of an output, by its name, where the file tells them. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Where the session really runs. */
  readonly device: 'cpu' | 'cuda';
  /** Why CUDA was not taken, when `auto` fell back. */
  readonly fallback?: string;
  /** Whether the first dimensions of all inputs have one name: then they are always the same. */
  readonly hasCommonRows: boolean;
  /** Empty when requests may share a run; otherwise why not. */
  readonly unbatchable: string;
  /** Why it could not be tried out whether they may; absent where it was tried, or there was no need to. */
  readonly untried?: string;
  readonly file: OnnxFile;
}

/** Messages from the gateway to a runner. */
export type ToRunner = LoadMessage | RunMessage | ReleaseMessage;

/** Messages from a runner to the gateway. */
export type FromRunner =
  /** `bytes`: how much resident memory there is more than before. */
  | { readonly type: 'loaded'; readonly model: LoadedModel; readonly bytes: number }
  | { readonly type: 'released' }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'ran'; readonly outputs: readonly SlabTensor[]; readonly runMs: number }
  /** With `noRoom`, `reason` is what the slab has no room for. */
  | { readonly type: 'failed'; readonly reason: string; readonly noRoom: boolean };
