import { isUtf8 } from 'node:buffer';
import { elementsOf } from '../../tensor/elements';
import { jsonData } from '../../tensor/json/json-data';
import type { Tensor } from '../../tensor/tensor';
import { typedView } from '../../tensor/typed-arrays';
import { TargetFailure } from '../target-failure';

/**
 * The elements of `input` as a JSON array, without loss: 64-bit integers keep all digits.
 * @throws TargetFailure `rejected` if JSON cannot express them: NaN, an infinity, or bytes that are not UTF-8.
 */
export function inputJson(input: Tensor): string {
  const problem = problemOf(input);
  if (problem === undefined) return JSON.stringify(jsonData(input));
  throw new TargetFailure(
    'rejected',
    `input '${input.name}' contains ${problem}, which cannot be sent to the server that runs the model, because it accepts only JSON`,
  );
}

function problemOf({ datatype, data }: Tensor): string | undefined {
  if (datatype === 'BYTES')
    return elementsOf(data).every((element) => isUtf8(element)) ? undefined : 'bytes that are not UTF-8';
  if (datatype !== 'FP32' && datatype !== 'FP64') return undefined;
  const values: Float32Array | Float64Array = typedView(data, datatype);
  for (const value of values) if (!Number.isFinite(value)) return 'NaN or an infinity';
  return undefined;
}
