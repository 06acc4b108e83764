import { takesPictures, type Signature } from '../../models/signature';
import type { Dialect } from '../codec/dialect';
import { headerLengthOf } from '../http/request-headers';
import { decodeV2Request } from './codec/decode-request';
import { encodeV2Response } from './codec/encode-response';
import { decodeRawRequest } from './codec/raw-request';
import type { V2Answer, V2Request } from './messages';

/** What decoding a V2 body depends on. */
export interface V2Target {
  /** The length of the JSON before the binary tensors; undefined if the whole body is JSON. */
  readonly headerLength: number | undefined;
  /** The signature of the model for a body without JSON; otherwise undefined. */
  readonly raw: Signature | undefined;
  /** Whether BYTES inputs take any bytes, not only text. */
  readonly anyBytes: boolean;
}

/** The Open Inference Protocol V2 with JSON, binary tensors and raw requests. */
export const v2Dialect: Dialect<V2Target, V2Request, V2Answer> = {
  module: __filename,
  name: 'v2Dialect',

  targetOf(signature, _model, headers) {
    const headerLength = headerLengthOf(headers);
    return {
      headerLength,
      raw: headerLength === 0 ? signature : undefined,
      anyBytes: takesPictures(signature),
    };
  },

  headerLength: ({ headerLength }) => headerLength,

  decode: (body, { headerLength, raw, anyBytes }) =>
    raw === undefined ? decodeV2Request(body, headerLength, anyBytes) : decodeRawRequest(body, raw),

  answerOf: ({ model, version, outputs }, { id, outputs: requested, binaryOutput }) => ({
    id,
    model,
    version,
    outputs,
    requested,
    binaryOutput,
  }),

  isBinary,

  encode: (answer) => encodeV2Response(answer, (name) => isBinary(answer, name)),
};

function isBinary({ requested, binaryOutput }: V2Answer, name: string): boolean {
  if (requested.length === 0) return binaryOutput;
  return requested.some((output) => output.name === name && output.binary);
}
