/** Why an ONNX file is not to be loaded, for people. */
export class Refusal extends Error {}
