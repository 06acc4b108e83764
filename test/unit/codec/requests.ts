import type { EncodedResponse } from '../../../src/rest/codec/messages';
import type { V2Request } from '../../../src/rest/v2/messages';
import { NexusError } from '../../../src/common/nexus-error';
import { decodeV2Request } from '../../../src/rest/v2/codec/decode-request';

/** Decodes a request with one input `x`, whose fields are a vector of one FP32 unless `fields` say otherwise. */
export function decodeInput(fields: object): V2Request {
  return decodeJson({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [0], ...fields }] });
}

/** Decodes a request that is all JSON: an object, or a text for what JSON.stringify does not write. */
export function decodeJson(message: object | string): V2Request {
  return decodeV2Request(
    Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)),
    undefined,
  );
}

/** Decodes a request of JSON and binary data. */
export function decodeBinary(message: object, ...binary: readonly Uint8Array[]): V2Request {
  const json = Buffer.from(JSON.stringify(message));
  return decodeV2Request(Buffer.concat([json, ...binary]), json.length);
}

/** The text that `work` is refused with. */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof NexusError && error.kind === 'invalid') return error.message;
    throw error;
  }
  throw new Error('expected a refusal');
}

/** Decodes a response as if its outputs were the inputs of a request, which have the same form. */
export function decodeResponse({ json, binary }: EncodedResponse): V2Request {
  const header = Buffer.from(Buffer.from(json).toString().replace('"outputs":', '"inputs":'));
  return decodeV2Request(Buffer.concat([header, ...binary]), header.length);
}
