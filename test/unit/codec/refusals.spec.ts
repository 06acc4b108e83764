import { decodeV2Request } from '../../../src/rest/v2/codec/decode-request';
import { decodeBinary, decodeInput, decodeJson, refusal } from './requests';

const ofInput = (fields: object) => refusal(() => decodeInput(fields));
const ofJson = (message: object | string) => refusal(() => decodeJson(message));
const valid = { name: 'x', datatype: 'UINT8', shape: [1], data: [0] };

describe('a body is refused', () => {
  it.each([
    ['', 'the body is empty'],
    ['[]', 'the body: expected a JSON object, got an empty array'],
    ['null', 'the body: expected a JSON object, got null'],
    ['{"inputs":[', 'expected a value, got the end at position 11'],
    ['{"inputs":\n[1 2]}', `expected ',' or ']', got "2" at position 14`],
    ['{"inputs":[],}', 'expected a key in double quotes, got "}"'],
    ['{"inputs":[]} x', 'expected the end, got "x"'],
    ['{"inputs":[01]}', `expected ',' or ']', got "1"`],
    ['{"inputs', 'unterminated string at position 1'],
    ['{"inputs":["\\q"]}', 'invalid escape or control character in the string at position 11'],
    ['{}', 'inputs: expected an array, got nothing'],
    ['{"id":7,"inputs":[]}', 'id: expected a string, got 7'],
    ['{"id":NaN,"inputs":[]}', 'id: expected a string, got NaN'],
    ['{"__proto__":{},"inputs":[]}', 'the body: the key "__proto__" is not allowed'],
    ['{"parameters":{"a":[]},"inputs":[]}', 'parameters.a: expected a string, a finite number or a boolean'],
    [
      '{"parameters":{"binary_data_output":1},"inputs":[]}',
      'parameters.binary_data_output: expected true or false',
    ],
  ])('%s', (body, text) => {
    expect(ofJson(body)).toContain(text);
  });

  it('for text that is not UTF-8', () => {
    const body = Buffer.from('{"id":"?","inputs":[]}');
    body[7] = 0xff;
    expect(refusal(() => decodeV2Request(body, undefined))).toContain('not valid UTF-8');
  });

  it.each([
    [-1, 'expected the length of the JSON in bytes, from 1 to 13'],
    [14, 'expected the length of the JSON in bytes, from 1 to 13 (the length of the body), got 14'],
    [NaN, 'got NaN'],
    [0, 'expected the length of the JSON in bytes, from 1 to 13'],
  ])('for the header length %d', (length, text) => {
    expect(refusal(() => decodeV2Request(Buffer.from('{"inputs":[]}'), length))).toContain(text);
  });

  it.each(['[', '{"a":', '[],', '{},'])('for a bomb of %s', (piece) => {
    expect(ofJson(`{"inputs":[${piece.repeat(1_100_000)}`)).toContain(
      'more than 1000000 arrays, objects and keys',
    );
  });

  it('for nesting that its error would have to descend', () => {
    expect(ofJson(`{"inputs":${'['.repeat(200_000)}`)).toContain('nesting deeper than 1000 levels');
  });

  it('without repeating a long text', () => {
    expect(ofInput({ data: ['y'.repeat(100_000)] }).length).toBeLessThan(200);
    expect(ofJson(`{"inputs":[${'7'.repeat(100_000)}]}`).length).toBeLessThan(200);
    expect(ofJson({ parameters: { ['k'.repeat(100_000)]: [] } }).length).toBeLessThan(300);
  });
});

describe('an input is refused', () => {
  it.each([
    [{ name: undefined }, 'inputs[0].name: expected a non-empty string, got nothing'],
    [{ name: '__proto__' }, 'inputs[0].name: expected the name of a tensor of the model, got "__proto__"'],
    [{ datatype: undefined }, 'inputs[0].datatype: expected one of BOOL, UINT8'],
    [{ datatype: 'BF16' }, 'got "BF16"'],
    [{ datatype: 'constructor' }, 'got "constructor"'],
    [{ shape: undefined }, 'inputs[0].shape: expected an array, got nothing'],
    [{ shape: [-1] }, 'inputs[0].shape[0]: expected an integer from 0 to 2^53 - 1, got -1'],
    [{ shape: [1.5] }, 'got 1.5'],
    [{ shape: ['1'] }, 'got "1"'],
    [{ shape: [2 ** 30, 2 ** 30] }, 'inputs[0].shape: expected a product below 2^53'],
    [{ shape: Array.from({ length: 33 }, () => 1) }, 'expected at most 32 dimensions, got an array of 33'],
    [{ data: undefined }, 'expected either data or parameters.binary_data_size, got neither'],
    [
      { parameters: { binary_data_size: 4 } },
      'expected either data or parameters.binary_data_size, got both',
    ],
    [{ data: 5 }, 'inputs[0].data: expected an array, got 5'],
    [{ shape: [3], data: [1, 2] }, 'expected 3 elements to match the shape, got 2'],
    [{ shape: [1], data: [[1], [2]] }, 'expected 1 elements to match the shape, got 2'],
    [{ shape: [2], data: [[1], 2] }, 'inputs[0].data: expected an array like the items before it, got 2'],
    [{ shape: [2 ** 40], data: [] }, 'expected 1099511627776 elements'],
    [
      { data: undefined, parameters: { shared_memory_region: 'r' } },
      'inputs[0].parameters.shared_memory_byte_size: expected a number of bytes, 0 or more, got nothing',
    ],
    [
      { data: undefined, parameters: { shared_memory_offset: 0 } },
      'inputs[0].parameters.shared_memory_region: expected the name of a registered region, got nothing',
    ],
    [
      { parameters: { shared_memory_region: 'r', shared_memory_byte_size: 4 } },
      'expected neither data nor parameters.binary_data_size with',
    ],
    [{ parameters: JSON.parse('{"__proto__":1}') as object }, 'the key "__proto__" is not allowed'],
  ])('%j', (fields, text) => {
    expect(ofInput(fields)).toContain(text);
  });

  it.each([
    ['UINT8', 300, 'inputs[0].data[1]: expected an integer from 0 to 255 for UINT8, got 300'],
    ['INT8', -129, 'expected an integer from -128 to 127 for INT8, got -129'],
    ['UINT32', -1, 'got -1'],
    ['INT32', 1.5, 'got 1.5'],
    ['INT32', 2 ** 31, 'got 2147483648'],
    ['INT16', '7', 'got "7"'],
    ['INT64', 0.5, 'for INT64, got 0.5'],
    ['INT64', 2 ** 63, 'for INT64, got 9223372036854776000'],
    ['UINT64', -1, 'for UINT64, got -1'],
    ['INT64', null, 'got null'],
    ['INT64', 'NaN', 'got "NaN"'],
    ['BOOL', 1, 'expected true or false for BOOL, got 1'],
    ['UINT8', null, 'got null'],
    ['BOOL', null, 'expected true or false for BOOL, got null'],
    ['BYTES', null, 'expected a string of valid Unicode without NUL for BYTES, got null'],
    ['FP32', true, 'got true'],
    ['FP32', [], 'got an empty array'],
    ['FP32', 'nan', 'got "nan"'],
    ['FP32', 1e39, 'in the range of FP32 (3.4028235e+38 at most), got 1e+39'],
    ['FP16', 65520, 'in the range of FP16 (65504 at most), got 65520'],
    ['BYTES', 1, 'expected a string of valid Unicode without NUL for BYTES, got 1'],
    ['BYTES', 'a\0b', 'got "a\\u0000b"'],
    ['BYTES', '\ud800', 'expected a string of valid Unicode'],
  ])('with the %s element %j', (datatype, element, text) => {
    const good = { BOOL: true, BYTES: '' }[datatype] ?? 0;
    expect(ofInput({ datatype, shape: [2], data: [good, element] })).toContain(text);
  });

  it('with the place of an element in nested data', () => {
    expect(
      ofInput({
        shape: [2, 2],
        data: [
          [1, 2],
          [3, true],
        ],
      }),
    ).toContain('inputs[0].data[1][1]: expected a number');
  });

  it.each([
    ['UINT8', 'NaN', 'for UINT8, got NaN'],
    ['INT64', 'Infinity', 'for INT64, got Infinity'],
    ['BYTES', 'NaN', 'for BYTES, got NaN'],
    ['FP64', '1e999', 'number "1e999" exceeds the range of a double'],
    ['FP32', '-1e999', 'number "-1e999" exceeds the range of a double'],
    ['INT64', '9223372036854775808', 'for INT64, got 9223372036854775808'],
    ['UINT64', '18446744073709551616', 'for UINT64, got 18446744073709551616'],
  ])('with the %s literal %s', (datatype, literal, text) => {
    expect(
      ofJson(`{"inputs":[{"name":"x","datatype":"${datatype}","shape":[1],"data":[${literal}]}]}`),
    ).toContain(text);
  });

  it('with a token in its shape', () => {
    const message = '{"inputs":[{"name":"x","datatype":"FP32","shape":[NaN],"data":[1]}]}';
    expect(ofJson(message)).toContain('inputs[0].shape[0]: expected an integer from 0 to 2^53 - 1, got NaN');
  });

  it('nested deeper than 33 levels', () => {
    const data = JSON.parse(`${'['.repeat(40)}1${']'.repeat(40)}`) as unknown;
    expect(ofInput({ data })).toContain('got more than 33 levels');
  });

  it('given twice', () => {
    expect(ofJson({ inputs: [valid, valid] })).toContain(
      'inputs[1].name: expected unique names, got "x" again',
    );
    const outputs = [{ name: 'y' }, { name: 'y' }];
    expect(ofJson({ inputs: [valid], outputs })).toContain(
      'outputs[1].name: expected unique names, got "y" again',
    );
  });
});

describe('an output is refused', () => {
  it.each([
    [{}, 'outputs[0].name: expected a non-empty string, got nothing'],
    [
      { name: 'y', parameters: { binary_data: 'yes' } },
      'outputs[0].parameters.binary_data: expected true or false',
    ],
    [{ name: 'y', parameters: { classification: 0 } }, 'expected the number of classes'],
    [
      { name: 'y', parameters: { shared_memory_region: 5, shared_memory_byte_size: 4 } },
      'outputs[0].parameters.shared_memory_region: expected the name of a registered region, got 5',
    ],
    [
      { name: 'y', parameters: { shared_memory_region: 'r', shared_memory_byte_size: 4, binary_data: true } },
      'outputs[0].parameters: expected no binary_data: true together with shared_memory_region',
    ],
    [
      { name: 'y', parameters: { shared_memory_region: 'r', shared_memory_byte_size: 4, classification: 1 } },
      'outputs[0].parameters: expected no classification together with shared_memory_region',
    ],
  ])('%j', (output, text) => {
    expect(ofJson({ inputs: [], outputs: [output] })).toContain(text);
  });
});

describe('binary data is refused', () => {
  it('without a header length', () => {
    const input = { ...valid, data: undefined, parameters: { binary_data_size: 1 } };
    expect(ofJson({ inputs: [input] })).toContain(
      'binary data requires the header Inference-Header-Content-Length',
    );
  });

  it.each([
    ['FP32', [2], 7, [], 'expected 8 bytes for its datatype and shape, got 7'],
    ['FP32', [2], -8, [], 'expected a number of bytes, 0 or more, got -8'],
    ['FP32', [2], '8', [], 'got "8"'],
    ['FP32', [1], 4, [1, 2, 3], 'expected 4 bytes of binary data, got 3 before the body ends'],
    ['UINT8', [1], 1, [1, 2], 'the body has 1 bytes after the last binary tensor'],
    ['BOOL', [2], 2, [1, 2], 'expected bytes of 0 or 1 for BOOL, got 2 at byte 1'],
    ['BYTES', [1], 3, [0, 0, 0], 'element 0 is incomplete'],
    ['BYTES', [1], 5, [2, 0, 0, 0, 65], 'element 0 is incomplete'],
    ['BYTES', [2], 5, [1, 0, 0, 0, 65], 'element 1 is incomplete'],
    ['BYTES', [1], 6, [1, 0, 0, 0, 65, 65], 'expected 5 bytes for the 1 elements of the shape, got 6'],
    ['BYTES', [1], 5, [1, 0, 0, 0, 0], 'element 0: expected text without NUL bytes for BYTES'],
    ['BYTES', [1], 5, [1, 0, 0, 0, 0xff], 'element 0: expected text in UTF-8 for BYTES'],
  ])('%s %j of %j bytes: %j', (datatype, shape, size, bytes, text) => {
    const input = { name: 'x', datatype, shape, parameters: { binary_data_size: size } };
    expect(refusal(() => decodeBinary({ inputs: [input] }, Buffer.from(bytes)))).toContain(text);
  });
});
