/** An input or output of a model. */
export class TensorMetadata {
  /** @example image */
  name: string;
  /** @example FP32 */
  datatype: string;
  /**
   * -1 is a dimension of any size.
   * @example [-1, 8, 8]
   */
  shape: number[];
}

/** What a model takes and gives. */
export class ModelMetadata {
  /** @example digits */
  name: string;
  /**
   * Versions that are ready; only the one asked for, if one was.
   * @example ["1"]
   */
  versions: string[];
  /** @example onnxruntime_onnx */
  platform: string;
  inputs: TensorMetadata[];
  outputs: TensorMetadata[];
  /** More about the model: description, device, max_batch_rows, why it does not batch, labels of each output as JSON. */
  properties: Record<string, string>;
}
