import type { Tensor } from '../../tensor/tensor';
import type { TensorRequest } from '../connection';

/** Resolution of the `timeout` parameter: two digits. Servers that cache the JSON of requests then see the same text again. */
const DIGITS = 1;

/**
 * The JSON of a request whose tensors follow as bytes.
 * @param remainingMs time until the response is no longer needed; undefined if the target takes no such parameter.
 */
export function binaryJson(
  { inputs, outputs, priority }: TensorRequest,
  remainingMs: number | undefined,
): string {
  let json = `{${parametersOf(priority, remainingMs)}"inputs":[`;
  for (let index = 0; index < inputs.length; index++) {
    const input = inputs[index]!;
    json += `${index === 0 ? '' : ','}${headOf(input)},"parameters":{"binary_data_size":${input.data.byteLength}}}`;
  }
  json += '],"outputs":[';
  for (let index = 0; index < outputs.length; index++)
    json += `${index === 0 ? '' : ','}{"name":${JSON.stringify(outputs[index])},"parameters":{"binary_data":true}}`;
  return `${json}]}`;
}

/**
 * The JSON of a request.
 * @param data the elements of each input as JSON.
 */
export function plainJson(
  { inputs, outputs, priority }: TensorRequest,
  data: readonly string[],
  remainingMs: number | undefined,
): string {
  const tensors = inputs.map((input, index) => `${headOf(input)},"data":${data[index]}}`);
  const names = outputs.map((name) => `{"name":${JSON.stringify(name)}}`);
  return `{${parametersOf(priority, remainingMs)}"inputs":[${tensors.join()}],"outputs":[${names.join()}]}`;
}

/** An input without its end. */
function headOf({ name, datatype, shape }: Tensor): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join()}]`;
}

function parametersOf(priority: number, remainingMs: number | undefined): string {
  if (remainingMs === undefined) return '';
  const priorityJson = priority === 0 ? '' : `"priority":${priority},`;
  return `"parameters":{${priorityJson}"timeout":${microseconds(remainingMs)}},`;
}

/** Rounds up, so that the target does not give up before the gateway does. */
function microseconds(ms: number): number {
  const unit = 10 ** (Math.floor(Math.log10(Math.max(ms, 1))) - DIGITS);
  return Math.round(Math.max(Math.ceil(ms / unit), 1) * unit * 1000);
}
