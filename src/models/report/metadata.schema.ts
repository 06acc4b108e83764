/** An input or output of a model. */
export class TensorMetadata {
  /** @example image */
  name: string;
  /** @example FP32 */
  datatype: string;
  /**
   * Size of each dimension; -1 means any size.
   * @example [-1, 8, 8]
   */
  shape: number[];
}

/** The inputs and outputs of a model. */
export class ModelMetadata {
  /** @example digits */
  name: string;
  /**
   * The ready versions, or only the requested version.
   * @example ["1"]
   */
  versions: string[];
  /** @example onnxruntime_onnx */
  platform: string;
  inputs: TensorMetadata[];
  outputs: TensorMetadata[];
  /** Further properties: description, device, max_batch_rows, why requests are not batched, and the labels of each output as JSON. */
  properties: Record<string, string>;
}
