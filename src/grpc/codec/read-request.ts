import { errors } from '../../common/errors';
import type { ParameterValue } from '../../inference/request/parameters';
import { quote } from '../../common/quote';
import type {
  InferInputTensor,
  InferParameters,
  InferRequestedOutputTensor,
  ModelInferRequest,
} from '../messages';
import { DELIMITED, WireReader } from './wire';

/** Maximum number of inputs, outputs, parameters, dimensions and raw entries of a request together; each is an object. */
const MAX_ITEMS = 65_536;

/**
 * Parses a ModelInferRequest. The elements of tensors stay views of `bytes`: a Protocol Buffers library converts them to
 * arrays, which can take more memory than the process has for a message of 64 MiB.
 *
 * @throws NexusError invalid_input if the bytes are not a valid message, or it has more than 65,536 parts.
 */
export function readRequest(bytes: Buffer): ModelInferRequest {
  return new RequestReader().request(bytes);
}

class RequestReader {
  private items = 0;

  request(bytes: Buffer): ModelInferRequest {
    const reader = new WireReader(bytes);
    const inputs: InferInputTensor[] = [];
    const outputs: InferRequestedOutputTensor[] = [];
    const raw: Buffer[] = [];
    const parameters = new Map<string, ParameterValue>();
    let [name, version, id] = ['', '', ''];
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) version = reader.text();
      else if (reader.field === 3) id = reader.text();
      else if (reader.field === 4) this.parameter(reader.view(), parameters);
      else if (reader.field === 5) inputs.push(this.input(reader.view()));
      else if (reader.field === 6) outputs.push(this.output(reader.view()));
      else if (reader.field === 7) raw.push(this.item(reader.view()));
    }
    return {
      model_name: name,
      model_version: version,
      id,
      parameters,
      inputs,
      outputs,
      raw_input_contents: raw,
    };
  }

  private input(bytes: Buffer): InferInputTensor {
    const reader = new WireReader(this.item(bytes));
    const shape: number[] = [];
    const contents: Buffer[] = [];
    const parameters = new Map<string, ParameterValue>();
    let [name, datatype] = ['', ''];
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) datatype = reader.text();
      else if (reader.field === 3) this.dimensions(reader, shape);
      else if (reader.field === 4) this.parameter(reader.view(), parameters);
      else if (reader.field === 5) contents.push(this.item(reader.view()));
    }
    return { name, datatype, shape, parameters, contents };
  }

  private output(bytes: Buffer): InferRequestedOutputTensor {
    const reader = new WireReader(this.item(bytes));
    const parameters = new Map<string, ParameterValue>();
    let name = '';
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) this.parameter(reader.view(), parameters);
    }
    return { name, parameters };
  }

  /** Accepts packed and unpacked dimensions. */
  private dimensions(reader: WireReader, shape: number[]): void {
    if (reader.type !== DELIMITED) {
      shape.push(this.item(reader.integer()));
      return;
    }
    const packed = new WireReader(reader.view());
    for (let at = 0; at < packed.bytes.length;) {
      at = packed.varint(at);
      shape.push(this.item(packed.high * 2 ** 32 + (packed.low >>> 0)));
    }
  }

  private parameter(bytes: Buffer, parameters: Map<string, ParameterValue>): InferParameters {
    const reader = new WireReader(this.item(bytes));
    let key = '';
    let value: ParameterValue | undefined;
    while (reader.next()) {
      if (reader.field === 1) key = reader.text();
      else if (reader.field === 2) value = parameterValue(new WireReader(reader.view()));
    }
    if (value === undefined) throw withoutValue(key);
    return parameters.set(key, value);
  }

  private item<T>(item: T): T {
    if (++this.items <= MAX_ITEMS) return item;
    throw errors.invalidInput(
      `the request has more than ${MAX_ITEMS} inputs, outputs, parameters, dimensions and raw entries; send the elements of a tensor in one entry of raw_input_contents`,
    );
  }
}

/** The last field of an InferParameter; undefined if it has none. */
function parameterValue(reader: WireReader): ParameterValue | undefined {
  let value: ParameterValue | undefined;
  while (reader.next()) {
    if (reader.field === 1) value = reader.integer() !== 0;
    else if (reader.field === 2) value = reader.integer();
    else if (reader.field === 3) value = reader.text();
    else if (reader.field === 4) value = reader.double();
    else if (reader.field === 5) value = reader.unsigned();
  }
  return value;
}

function withoutValue(key: string): Error {
  return errors.invalidInput(
    `the parameter ${quote(key)} has no value; set its bool_param, int64_param, string_param, double_param or uint64_param`,
  );
}
