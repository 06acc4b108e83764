/*
 * Words of the Open Inference Protocol V2 over HTTP that servers and clients share.
 */

/** Header with the length of the JSON in bytes, before the binary data (binary tensor data extension). */
export const JSON_LENGTH_HEADER = 'inference-header-content-length';

/** Extension of tensors as bytes after the JSON. */
export const BINARY_EXTENSION = 'binary_tensor_data';

/** Extension of the request parameters `priority` and `timeout`. */
export const SCHEDULE_EXTENSION = 'schedule_policy';
