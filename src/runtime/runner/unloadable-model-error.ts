/** An ONNX file cannot be loaded. The message is the reason, for people. */
export class UnloadableModelError extends Error {}
