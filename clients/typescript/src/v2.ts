import type { Answer } from './answer.ts';
import type { Message } from './http.ts';
import type { Datatype, Elements, Tensor } from './tensor.ts';

/** Bytes of JSON before the tensors, in requests and answers with binary tensors. */
const JSON_LENGTH = 'inference-header-content-length';

/** Views on the bytes of tensors; the protocol has them little-endian, as is every machine that runs JavaScript. */
const VIEWS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: 'Float16Array' in globalThis ? Float16Array : Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An answer to an inference request, and its tensors by name. */
export interface Inferred {
  readonly model: string;
  readonly version: string;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

interface ResponseJson {
  readonly model_name: string;
  readonly model_version: string;
  readonly outputs: readonly OutputJson[];
}

interface OutputJson {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
}

/**
 * An inference request with binary tensors, for `outputs` or all: JSON, then the bytes of the tensors in their order
 * (Open Inference Protocol V2, binary tensor data extension).
 */
export function encodeInfer(
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[] | undefined,
  id: string | undefined,
): Message {
  const named = Object.entries(inputs).map(([name, tensor]) => ({ name, ...tensor }));
  const binary = named.map(({ data }) => bytesOf(data));
  const json = new TextEncoder().encode(
    JSON.stringify({
      id,
      inputs: named.map(({ name, datatype, shape }, index) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: binary[index]!.byteLength },
      })),
      outputs: outputs?.map((name) => ({ name, parameters: { binary_data: true } })),
      parameters: { binary_data_output: true },
    }),
  );
  return {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', [JSON_LENGTH]: String(json.byteLength) },
    body: joined([json, ...binary]),
  };
}

/** Reads an answer with binary tensors. They are views on its bytes where these are aligned, otherwise copies. */
export function decodeInfer({ headers, bytes }: Answer): Inferred {
  const header = headers.get(JSON_LENGTH);
  let offset = header === null ? bytes.byteLength : Number(header);
  const json = JSON.parse(utf8.decode(new Uint8Array(bytes, 0, offset))) as ResponseJson;
  const outputs = json.outputs.map(({ name, datatype, shape, parameters }) => {
    const size = parameters?.binary_data_size;
    if (size === undefined) throw new Error(`output ${name} came without binary data`);
    const data = elementsOf(datatype, bytes, offset, size);
    offset += size;
    return [name, { datatype, shape, data }];
  });
  return {
    model: json.model_name,
    version: json.model_version,
    outputs: Object.fromEntries(outputs) as Record<string, Tensor>,
  };
}

function bytesOf(data: Elements[Datatype]): Uint8Array {
  if ('buffer' in data) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const encoder = new TextEncoder();
  return joined(
    data.flatMap((text) => {
      const bytes = encoder.encode(text);
      return [new Uint8Array(Uint32Array.of(bytes.byteLength).buffer), bytes];
    }),
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.byteLength;
  }
  return all;
}

function elementsOf(
  datatype: Datatype,
  bytes: ArrayBuffer,
  offset: number,
  size: number,
): Elements[Datatype] {
  if (datatype === 'BYTES') return textsOf(new DataView(bytes, offset, size));
  const View = VIEWS[datatype];
  const isAligned = offset % View.BYTES_PER_ELEMENT === 0;
  return isAligned
    ? new View(bytes, offset, size / View.BYTES_PER_ELEMENT)
    : new View(bytes.slice(offset, offset + size));
}

/** Texts in UTF-8, each after its length in bytes. */
function textsOf(view: DataView<ArrayBuffer>): string[] {
  const texts: string[] = [];
  for (let at = 0; at < view.byteLength;) {
    const length = view.getUint32(at, true);
    texts.push(utf8.decode(new Uint8Array(view.buffer, view.byteOffset + at + 4, length)));
    at += 4 + length;
  }
  return texts;
}
