import fc from 'fast-check';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { decodeInferRequest } from '../../../src/grpc/codec/decode-request';
import { readRequest } from '../../../src/grpc/codec/read-request';
import { bytesOf } from '../../fixtures/binary';
import { CONTENTS_FIELD } from '../../fixtures/datatypes';
import { anyTensor, DATATYPES, tensor } from '../codec/tensors';
import { elementsOf } from './message-elements';

const definition = loadSync('src/open-inference/inference.proto', { keepCase: true });
const { ModelInfer } = definition['inference.GRPCInferenceService'] as ServiceDefinition;
const { requestSerialize: serialize } = ModelInfer as MethodDefinition<object, object>;

const decoded = (message: object) => decodeInferRequest(readRequest(serialize(message)));

describe('tensors of gRPC', () => {
  it('are the same raw', () => {
    fc.assert(
      fc.property(fc.array(tensor, { minLength: 1, maxLength: 3 }), (tensors) => {
        const named = tensors.map((one, index) => ({
          ...one,
          name: `x${index}`,
          data: Buffer.from(one.data),
        }));
        const raw = named.map(({ data }) => data);
        const { inputs } = decoded({
          inputs: named.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
          raw_input_contents: raw,
        });
        expect(inputs).toEqual(named);
      }),
    );
  });

  it.each(DATATYPES.filter((datatype) => datatype !== 'FP16'))(
    'of %s are the same as contents',
    (datatype) => {
      fc.assert(
        fc.property(anyTensor(datatype), (one) => {
          const { name, shape, data } = one;
          const contents = { [CONTENTS_FIELD[datatype]!]: elementsOf(one) };
          const { inputs } = decoded({ inputs: [{ name, datatype, shape, contents }] });
          expect(Buffer.from(inputs[0]!.data)).toEqual(Buffer.from(data));
        }),
      );
    },
  );

  it.each([
    ['floats', 'FP32', [0x35, 0, 0, 0x80, 0x3f, 0x32, 4, 0, 0, 0, 0x40], Float32Array.of(1, 2)],
    ['integers', 'INT32', [0x10, 1, 0x12, 1, 2], Int32Array.of(1, 2)],
    ['long integers', 'INT64', [0x18, 0x80, 1, 0x1a, 1, 2], BigInt64Array.of(128n, 2n)],
  ])('may be packed or not: %s', (_what, datatype, bytes, expected) => {
    const input = [
      0x0a,
      1,
      0x78,
      0x12,
      datatype.length,
      ...Buffer.from(datatype),
      0x18,
      2,
      0x2a,
      bytes.length,
      ...bytes,
    ];
    const { inputs } = decodeInferRequest(readRequest(Buffer.from([0x2a, input.length, ...input])));
    expect(inputs).toEqual([{ name: 'x', datatype, shape: [2], data: expect.anything() }]);
    expect(Buffer.from(inputs[0]!.data)).toEqual(bytesOf(expected));
  });
});

describe('a request of gRPC', () => {
  it('has its parameters', () => {
    const { parameters, id } = readRequest(
      serialize({
        id: 'a',
        parameters: {
          a: { bool_param: true },
          b: { int64_param: -5 },
          c: { string_param: 'é' },
          d: { double_param: 0.5 },
          e: { uint64_param: 2 ** 40 },
        },
      }),
    );
    expect(id).toBe('a');
    expect(Object.fromEntries(parameters)).toEqual({ a: true, b: -5, c: 'é', d: 0.5, e: 2 ** 40 });
  });

  it('is refused, whatever its bytes, with an error for the client or not at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeInferRequest(readRequest(Buffer.from(bytes)));
        } catch (error) {
          expect(error).toMatchObject({ kind: 'invalid' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('with millions of empty parts is refused', () => {
    const bytes = Buffer.alloc(8 * 2 ** 20, Buffer.of(0x3a, 0));
    expect(() => readRequest(bytes)).toThrow(/more than 65536 inputs/);
  });
});
