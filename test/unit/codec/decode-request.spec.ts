import { decodeV2Request } from '../../../src/rest/v2/codec/decode-request';
import { decodeBinary, decodeInput, decodeJson } from './requests';
import { bytesTensor, tensorOf } from './tensors';

const dataOf = (fields: object) => decodeInput(fields).inputs[0]?.data;

const decodePair = (datatype: string, data: string) =>
  decodeJson(`{"inputs":[{"name":"x","datatype":"${datatype}","shape":[2],"data":[${data}]}]}`).inputs[0];

const binaryInput = (name: string, datatype: string, shape: number[], size: number) => ({
  name,
  datatype,
  shape,
  parameters: { binary_data_size: size },
});

describe('a request in JSON', () => {
  it('has its id, schedule policy, inputs and outputs', () => {
    const request = decodeJson({
      id: 'a1',
      parameters: { binary_data_output: true, priority: 2, timeout: 500, own: 'ignored' },
      model_name: 'unknown keys are ignored',
      inputs: [{ name: 'x', datatype: 'UINT8', shape: [2, 2], data: [1, 2, 3, 255] }],
      outputs: [{ name: 'y', parameters: { binary_data: true } }, { name: 'z' }],
    });
    expect(request).toEqual({
      id: 'a1',
      priority: 2,
      timeoutMs: 0.5,
      inputs: [{ name: 'x', datatype: 'UINT8', shape: [2, 2], data: new Uint8Array([1, 2, 3, 255]) }],
      outputs: [
        { name: 'y', binary: true },
        { name: 'z', binary: false },
      ],
      binaryOutput: true,
    });
  });

  it.each(['FP16', 'FP32', 'FP64'] as const)('may have null for a missing %s, which is NaN', (datatype) => {
    const body = (data: string) =>
      `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[3],"data":${data}}]}`;
    const { data } = tensorOf(datatype, [NaN, 1.5, NaN]);
    for (const text of ['[null,1.5,null]', '[[null],[1.5],["NaN"]]', '[null,1.5,NaN]'])
      expect(decodeV2Request(Buffer.from(body(text)), undefined).inputs[0]!.data).toEqual(data);
  });

  it('may begin with a byte order mark', () => {
    const json = Buffer.from('\ufeff{"inputs":[]}');
    expect(decodeV2Request(json, undefined).inputs).toEqual([]);
    expect(decodeV2Request(json, json.length).inputs).toEqual([]);
  });

  it('may leave out, or set to null, all but its inputs', () => {
    const expected = { priority: 0, inputs: [], outputs: [], binaryOutput: false };
    expect(decodeJson({ inputs: [] })).toEqual(expected);
    expect(decodeJson({ id: null, parameters: null, inputs: [], outputs: null })).toEqual(expected);
  });

  it.each([
    ['flat', [1, 2, 3, 4]],
    [
      'nested',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'nested otherwise',
      [
        [[1], [2]],
        [[3], [4]],
      ],
    ],
  ])('may have %s data', (_, data) => {
    expect(dataOf({ shape: [2, 2], data })).toEqual(tensorOf('FP32', [1, 2, 3, 4]).data);
  });

  it('may have a scalar', () => {
    expect(decodeInput({ shape: [], data: [7] }).inputs[0]).toEqual({ ...tensorOf('FP32', [7]), shape: [] });
  });

  it('may have more arrays than a million within a string', () => {
    const text = '[{:"\\'.repeat(300_000);
    const data = dataOf({ datatype: 'BYTES', data: [text] });
    expect(bytesTensor([text]).data).toHaveLength(data?.length ?? 0);
  });
});

describe('numbers', () => {
  it('keep all 64 bits of an integer', () => {
    expect(decodePair('INT64', '-9223372036854775808,9007199254740993')).toEqual(
      tensorOf('INT64', [-(2n ** 63n), 2n ** 53n + 1n]),
    );
    expect(decodePair('UINT64', '18446744073709551615,0')).toEqual(tensorOf('UINT64', [2n ** 64n - 1n, 0n]));
  });

  it('are rounded to nearest even in FP16', () => {
    expect(dataOf({ datatype: 'FP16', shape: [3], data: [2049, 2051, 65519] })).toEqual(
      tensorOf('FP16', [2048, 2052, 65504]).data,
    );
  });

  it.each(['FP16', 'FP32', 'FP64'] as const)(
    'may be NaN and infinite as tokens and as strings: %s',
    (datatype) => {
      const expected = tensorOf(datatype, [NaN, Infinity, -Infinity, 1]).data;
      const message = {
        inputs: [{ name: 'x', datatype, shape: [4], data: ['NaN', 'Infinity', '-Infinity', 1] }],
      };
      const bare = JSON.stringify(message).replace(
        '["NaN","Infinity","-Infinity"',
        '[NaN,Infinity,-Infinity',
      );
      expect(decodeJson(message).inputs[0]?.data).toEqual(expected);
      expect(decodeJson(bare).inputs[0]?.data).toEqual(expected);
    },
  );

  it('are text in a BYTES tensor when they are strings', () => {
    const message = `{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["NaN"]},
      {"name":"y","datatype":"FP32","shape":[1],"data":[NaN]}]}`;
    expect(Buffer.from(decodeJson(message).inputs[0]?.data ?? []).toString()).toBe('\x03\0\0\0NaN');
  });

  it('may be integers of a double when another number needs exact reading', () => {
    const message = `{"inputs":[{"name":"x","datatype":"FP64","shape":[2],"data":[NaN,100000000000000000000]}]}`;
    expect(decodeJson(message).inputs[0]?.data).toEqual(tensorOf('FP64', [NaN, 1e20]).data);
  });
});

describe('a request with binary data', () => {
  it('has tensors from both parts, in the order of the inputs', () => {
    const first = tensorOf('FP32', [1.5, -2]);
    const last = bytesTensor(['a', 'é', '']);
    const { inputs } = decodeBinary(
      {
        inputs: [
          binaryInput('first', 'FP32', [2], 8),
          { name: 'json', datatype: 'BOOL', shape: [2], data: [true, false] },
          binaryInput('empty', 'FP32', [0, 4], 0),
          binaryInput('last', 'BYTES', [3], last.data.length),
        ],
      },
      first.data,
      last.data,
    );
    expect(inputs.map(({ data }) => [...data])).toEqual([[...first.data], [1, 0], [], [...last.data]]);
  });

  it('has views of the body instead of copies', () => {
    const json = Buffer.from(JSON.stringify({ inputs: [binaryInput('x', 'UINT8', [3], 3)] }));
    const body = Buffer.concat([json, new Uint8Array([1, 2, 3])]);
    const data = decodeV2Request(body, json.length).inputs[0]?.data;
    expect(data?.buffer).toBe(body.buffer);
    expect([...(data ?? [])]).toEqual([1, 2, 3]);
  });
});
