/** An ONNX file is not loaded; the message is the reason, for people. */
export class UnloadableModelError extends Error {}
