import type { Dialect } from '../codec/dialect';
import { decodeGenerateRequest, type GenerateRequest, type GenerateTarget } from './decode';
import { encodeGenerateResponse, type GenerateAnswer } from './encode';

/** Triton's generate extension. */
export const generateDialect: Dialect<GenerateTarget, GenerateRequest, GenerateAnswer> = {
  module: __filename,
  name: 'generateDialect',
  targetOf: ({ inputs, outputNames, batches }, model) => ({ model, inputs, outputNames, batches }),
  decode: decodeGenerateRequest,
  answerOf: ({ model, version, outputs }, { id }) => ({ id, model, version, outputs }),
  encode: encodeGenerateResponse,
};
