import { errors } from '../../common/errors';
import type { ParameterValue } from '../../inference/request/parameters';
import { quote } from '../../common/quote';
import type {
  InferInputTensor,
  InferParameters,
  InferRequestedOutputTensor,
  ModelInferRequest,
} from '../messages';
import { MessageParts } from '../../open-inference/message-parts';
import type { WireReader } from '../../open-inference/wire-reader';
import { REQUEST_ERRORS } from './request-errors';

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
  private readonly parts = new MessageParts(REQUEST_ERRORS);

  request(bytes: Buffer): ModelInferRequest {
    const reader = this.parts.reader(bytes);
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
      else if (reader.field === 7) raw.push(this.parts.add(reader.view()));
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
    const reader = this.parts.reader(this.parts.add(bytes));
    const shape: number[] = [];
    const contents: Buffer[] = [];
    const parameters = new Map<string, ParameterValue>();
    let [name, datatype] = ['', ''];
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) datatype = reader.text();
      else if (reader.field === 3) this.parts.dimensions(reader, shape);
      else if (reader.field === 4) this.parameter(reader.view(), parameters);
      else if (reader.field === 5) contents.push(this.parts.add(reader.view()));
    }
    return { name, datatype, shape, parameters, contents };
  }

  private output(bytes: Buffer): InferRequestedOutputTensor {
    const reader = this.parts.reader(this.parts.add(bytes));
    const parameters = new Map<string, ParameterValue>();
    let name = '';
    while (reader.next()) {
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2) this.parameter(reader.view(), parameters);
    }
    return { name, parameters };
  }

  private parameter(bytes: Buffer, parameters: Map<string, ParameterValue>): InferParameters {
    const reader = this.parts.reader(this.parts.add(bytes));
    let key = '';
    let value: ParameterValue | undefined;
    while (reader.next()) {
      if (reader.field === 1) key = reader.text();
      else if (reader.field === 2) value = parameterValue(this.parts.reader(reader.view()));
    }
    if (value === undefined) throw withoutValue(key);
    return parameters.set(key, value);
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
