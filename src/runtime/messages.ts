import type { Datatype, Shape, TensorSpec } from '../tensor/tensor';
import type { Device } from '../common/device';
import type { Head } from '../tasks/head';

/*
 * Messages between the gateway and a runner. Small tensors are part of them, larger ones are in the slab. A process does
 * one thing at a time and in the order of the messages, so responses need no id. Sessions have a number, because small
 * models may share a process.
 */

/**
 * Whether requests may share a run: never (`off`), if the trial finds no dependence between rows (`tried`), or also if
 * the configuration declares it and no trial is possible (`declared`).
 */
export type Batching = 'off' | 'tried' | 'declared';

/** Loads a model into a new session. */
export interface LoadMessage {
  readonly type: 'load';
  /** Number of the session. */
  readonly session: number;
  /** Absolute path of the ONNX file. */
  readonly path: string;
  /** Folder that must contain all files of the model, including external data. */
  readonly root: string;
  readonly device: Device;
  /** Threads per operator (intra-op). */
  readonly threads: number;
  readonly batching: Batching;
  /** Whether to compute the digest of the model files. */
  readonly digests: boolean;
  /** What to compute from the outputs of the model; absent to return them. */
  readonly head?: Head;
}

/** Location of a tensor in the slab, or in the message itself. */
export interface TensorPlace {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  /** Offset in bytes; a multiple of 8. */
  readonly offset: number;
  readonly byteLength: number;
}

/** Names the inputs and outputs of later runs of a session. It has no response. */
export interface NamesMessage {
  readonly type: 'names';
  readonly session: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Runs a batch. Its outputs are in the response or, if they are large, in the slab, behind the inputs there. */
export interface RunMessage {
  readonly type: 'run';
  readonly session: number;
  readonly inputs: readonly TensorPlace[];
  readonly outputs: readonly string[];
  /** The bytes of the inputs; undefined if they are at the start of the slab. */
  readonly inline: Buffer | undefined;
}

/** The outputs of a run, in the order requested. */
export interface RanMessage {
  readonly type: 'ran';
  readonly outputs: readonly TensorPlace[];
  /** The bytes of the outputs; undefined if they are in the slab. */
  readonly inline: Buffer | undefined;
  readonly runMs: number;
}

/** Releases a session. */
export interface ReleaseMessage {
  readonly type: 'release';
  readonly session: number;
}

/** Metadata of an ONNX file (ModelProto in onnx.proto). Fields that the file does not set are empty or 0. */
export interface OnnxMetadata {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  /** A 64-bit integer as a string, because a number may not hold it. */
  readonly modelVersion: string;
  readonly docString: string;
  readonly graphName: string;
  /** Version of each operator set, by domain; `ai.onnx` is the default domain. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The `metadata_props` of the file. */
  readonly properties: Readonly<Record<string, string>>;
  /** Whether texts were truncated to 4 KiB, or entries after the first 128 omitted. */
  readonly isCut: boolean;
}

/** The file that a model was loaded from. */
export interface OnnxFile {
  /** Size in bytes, including external data files. */
  readonly bytes: number;
  /** SHA-256 of the file and its external data files; absent unless requested. */
  readonly digest?: string;
  readonly metadata: OnnxMetadata;
}

/** Description of a loaded model, as reported by its runner. */
export interface LoadedModel {
  readonly inputs: readonly TensorSpec[];
  /** Those of the head if there is one. */
  readonly outputs: readonly TensorSpec[];
  /** Outputs of the head that are computed only by request; empty without a head. */
  readonly extraOutputs: readonly TensorSpec[];
  /** Why texts of different lengths cannot be padded to share a run; empty if they can, or if there is no head. */
  readonly unpaddable: string;
  /** Class names for the last dimension of outputs, by output name, if the file contains them. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** The device that the session runs on. */
  readonly device: 'cpu' | 'cuda';
  /** Why `auto` fell back from CUDA to the CPU; absent if it did not. */
  readonly fallback?: string;
  /** Whether the first dimensions of all inputs have the same name, and so are always equal. */
  readonly hasCommonRows: boolean;
  /** Why requests cannot share a run; empty if they can. */
  readonly unbatchable: string;
  /** Why the trial could not run; absent if it ran or was not needed. */
  readonly untried?: string;
  readonly file: OnnxFile;
}

/** Messages from the gateway to a runner. */
export type ToRunner = LoadMessage | NamesMessage | RunMessage | ReleaseMessage;

/** Messages from a runner to the gateway. */
export type FromRunner =
  /** `bytes`: increase in resident memory. */
  | { readonly type: 'loaded'; readonly model: LoadedModel; readonly bytes: number }
  | { readonly type: 'released' }
  | { readonly type: 'refused'; readonly reason: string }
  | RanMessage
  /** If `noRoom` is true, `reason` describes what did not fit in the slab. */
  | { readonly type: 'failed'; readonly reason: string; readonly noRoom: boolean };
