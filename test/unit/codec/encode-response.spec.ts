import { encodeV2Response } from '../../../src/rest/v2/codec/encode-response';
import type { Tensor } from '../../../src/tensor/tensor';
import { bytesTensor, tensorOf } from './tensors';

const response = (...outputs: readonly Tensor[]) => ({ model: 'm', version: '1', outputs });
const textOf = (tensor: Tensor) => String(encodeV2Response(response(tensor), () => false).json);
const dataOf = (tensor: Tensor) => /"data":(.*)\}\]\}$/.exec(textOf(tensor))?.[1];

describe('a response in JSON', () => {
  it('has the keys in their order, the shape, and flat data', () => {
    const output = { ...tensorOf('INT32', [1, -2, 3, 4]), name: 'y', shape: [2, 2] };
    expect(encodeV2Response({ ...response(output), id: 'a"1' }, () => false)).toEqual({
      binary: [],
      json:
        '{"id":"a\\"1","model_name":"m","model_version":"1",' +
        '"outputs":[{"name":"y","datatype":"INT32","shape":[2,2],"data":[1,-2,3,4]}]}',
    });
  });

  it('has no id when none, or an empty one, was given', () => {
    expect(encodeV2Response({ ...response(), id: '' }, () => false).json).toBe(
      '{"model_name":"m","model_version":"1","outputs":[]}',
    );
  });

  it.each([
    [
      'few digits for FP32',
      tensorOf('FP32', [0.1, 16777216, 1e-8, -0.3333333432674408]),
      '[0.1,16777216,1e-8,-0.33333334]',
    ],
    ['every bit of FP16', tensorOf('FP16', [0.1]), '[0.0999755859375]'],
    ['every bit of FP64', tensorOf('FP64', [0.1, 5e-324]), '[0.1,5e-324]'],
    [
      'what JSON has no number for',
      tensorOf('FP32', [NaN, Infinity, -Infinity, -0]),
      '["NaN","Infinity","-Infinity",-0.0]',
    ],
    ['all digits of INT64', tensorOf('INT64', [-(2n ** 63n), 3n]), '[-9223372036854775808,3]'],
    ['all digits of UINT64', tensorOf('UINT64', [2n ** 64n - 1n]), '[18446744073709551615]'],
    ['booleans', tensorOf('BOOL', [1, 0]), '[true,false]'],
    ['text', bytesTensor(['é"', '']), '["é\\"",""]'],
  ])('has %s', (_, tensor, text) => {
    expect(dataOf(tensor)).toBe(text);
  });

  it('does not need tensors at even addresses', () => {
    const { data } = tensorOf('FP64', [1.5]);
    const shifted = new Uint8Array(9);
    shifted.set(data, 1);
    expect(dataOf({ ...tensorOf('FP64', [1.5]), data: shifted.subarray(1) })).toBe('[1.5]');
  });
});

describe('a response with binary data', () => {
  it('has the bytes of the binary outputs behind the JSON, in their order', () => {
    const outputs = ['a', 'b', 'c'].map((name, index) => ({ ...tensorOf('UINT8', [index, index]), name }));
    const { json, binary } = encodeV2Response(response(...outputs), (name) => name !== 'b');
    expect(binary.map((bytes) => [...bytes])).toEqual([
      [0, 0],
      [2, 2],
    ]);
    expect(json).toBe(
      '{"model_name":"m","model_version":"1","outputs":[' +
        '{"name":"a","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}},' +
        '{"name":"b","datatype":"UINT8","shape":[2],"data":[1,1]},' +
        '{"name":"c","datatype":"UINT8","shape":[2],"parameters":{"binary_data_size":2}}]}',
    );
  });

  it('is JSON only when all its binary outputs are empty', () => {
    expect(encodeV2Response(response(tensorOf('FP32', [])), () => true)).toEqual({
      binary: [],
      json:
        '{"model_name":"m","model_version":"1","outputs":[' +
        '{"name":"x","datatype":"FP32","shape":[0],"parameters":{"binary_data_size":0}}]}',
    });
  });
});
