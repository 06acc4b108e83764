import type { Tensor as OrtTensor } from 'onnxruntime-node';

/** Tensors of ONNX Runtime by name. */
export type OrtTensors = Record<string, OrtTensor>;

/** Runs a session on `feeds` and resolves with the named outputs. */
export type SessionRun = (feeds: OrtTensors, outputs: readonly string[]) => Promise<OrtTensors>;
