import { decodeBinary, refusal } from './requests';

const input = (name: string, size: number) => ({
  name,
  datatype: 'UINT8',
  shape: [size],
  parameters: { binary_data_size: size },
});

describe('a request with the JSON of one before', () => {
  it('has its own bytes', () => {
    const message = { inputs: [input('a', 2), input('b', 1)], outputs: [{ name: 'y' }] };
    const first = decodeBinary(message, Uint8Array.of(1, 2, 3));
    const second = decodeBinary(message, Uint8Array.of(4, 5, 6));
    expect(first.inputs.map(({ data }) => [...data])).toEqual([[1, 2], [3]]);
    expect(second.inputs.map(({ data }) => [...data])).toEqual([[4, 5], [6]]);
    expect({ ...second, inputs: [] }).toEqual({ ...first, inputs: [] });
  });

  it.each([
    ['too few bytes', Uint8Array.of(1), /expected 2 bytes of binary data, got 1/],
    ['too many bytes', Uint8Array.of(1, 2, 3), /the body has 1 bytes after the last binary tensor/],
  ])('is refused with %s', (_what, bytes, text) => {
    const message = { inputs: [input('c', 2)] };
    decodeBinary(message, Uint8Array.of(1, 2));
    expect(refusal(() => decodeBinary(message, bytes))).toMatch(text);
  });

  it('may have another input in shared memory', () => {
    const parameters = { shared_memory_region: 'r', shared_memory_byte_size: 4 };
    const message = { inputs: [{ ...input('d', 4), parameters }, input('e', 1)] };
    const expected = [
      expect.objectContaining({ slice: { region: 'r', offset: 0, byteSize: 4 } }),
      expect.not.objectContaining({ slice: expect.anything() }),
    ];
    expect(decodeBinary(message, Uint8Array.of(1)).inputs).toEqual(expected);
    expect(decodeBinary(message, Uint8Array.of(2)).inputs).toEqual(expected);
  });

  it('has its values checked', () => {
    const message = { inputs: [{ ...input('flags', 1), datatype: 'BOOL' }] };
    decodeBinary(message, Uint8Array.of(1));
    expect(refusal(() => decodeBinary(message, Uint8Array.of(2)))).toMatch(
      /expected bytes of 0 or 1 for BOOL, got 2/,
    );
  });
});
