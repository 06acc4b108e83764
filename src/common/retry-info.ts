import { Reader, Writer } from 'protobufjs/minimal';

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

/** The time of the RetryInfo in `status`, a google.rpc.Status, in milliseconds; undefined if it has none or is malformed. */
export function retryDelayOf(status: Uint8Array): number | undefined {
  try {
    for (const any of fieldsOf(status, 3)) {
      const [type] = fieldsOf(any, 1);
      if (type === undefined || Buffer.from(type).toString() !== RETRY_INFO) continue;
      const [info = NONE] = fieldsOf(any, 2);
      const [delay = NONE] = fieldsOf(info, 1);
      return durationMs(delay);
    }
  } catch {
    // Details of an error do not have to be of this form.
  }
  return undefined;
}

const NONE = new Uint8Array(0);

/** The values of a field that has a length. */
function fieldsOf(message: Uint8Array, field: number): Uint8Array[] {
  const reader = Reader.create(message);
  const values: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === bytes(field)) values.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return values;
}

/** A google.protobuf.Duration in milliseconds. */
function durationMs(duration: Uint8Array): number {
  const reader = Reader.create(duration);
  let ms = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === varint(1)) ms += Number(reader.int64()) * 1000;
    else if (tag === varint(2)) ms += reader.int32() / 1e6;
    else reader.skipType(tag & 7);
  }
  return ms;
}
