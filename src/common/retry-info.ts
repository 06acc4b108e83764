import { Writer } from 'protobufjs/minimal';

/** Metadata key of the google.rpc.Status with the details of an error. */
export const DETAILS_KEY = 'grpc-status-details-bin';

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** Tag of a field of Protocol Buffers: its number, and whether it has a length. */
const varint = (field: number) => field << 3;
const bytes = (field: number) => (field << 3) | 2;

/** A google.rpc.Status with `code` and `message`, and a RetryInfo with the time until the client may retry. */
export function retryStatus(code: number, message: string, retryAfterSeconds: number): Buffer {
  const delay = Writer.create().uint32(varint(1)).int64(Math.ceil(retryAfterSeconds)).finish();
  const info = Writer.create().uint32(bytes(1)).bytes(delay).finish();
  const any = Writer.create().uint32(bytes(1)).string(RETRY_INFO).uint32(bytes(2)).bytes(info).finish();
  const status = Writer.create()
    .uint32(varint(1))
    .int32(code)
    .uint32(bytes(2))
    .string(message)
    .uint32(bytes(3))
    .bytes(any)
    .finish();
  return Buffer.from(status);
}
