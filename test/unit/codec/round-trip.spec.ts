import fc from 'fast-check';
import { NexusError } from '../../../src/common/nexus-error';
import { decodeV2Request } from '../../../src/rest/v2/codec/decode-request';
import { encodeV2Response } from '../../../src/rest/v2/codec/encode-response';
import type { Tensor } from '../../../src/tensor/tensor';
import { decodeResponse } from './requests';
import { anyTensor, DATATYPES, tensor, tensorOf, withOneNaN } from './tensors';

function throughWire(outputs: readonly Tensor[], isBinary: (name: string) => boolean): readonly Tensor[] {
  return decodeResponse(encodeV2Response({ model: 'm', version: '1', outputs }, isBinary)).inputs;
}

describe('a tensor that was encoded and decoded', () => {
  it.each(DATATYPES)('is the same in JSON: %s', (datatype) => {
    fc.assert(
      fc.property(anyTensor(datatype), (value) => {
        expect(throughWire([value], () => false).map(withOneNaN)).toEqual([withOneNaN(value)]);
      }),
    );
  });

  it('is the same in a mix of JSON and binary data', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tensor, fc.boolean()), { maxLength: 5 }), (items) => {
        const outputs = items.map(([value], index) => ({ ...value, name: String(index) }));
        const got = throughWire(outputs, (name) => items[Number(name)]?.[1] === true);
        expect(got.map(withOneNaN)).toEqual(outputs.map(withOneNaN));
      }),
    );
  });

  it('is the same in JSON for float32 of any bits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 100, maxLength: 100 }), (bits) => {
        const value = { ...tensorOf('INT32', bits), datatype: 'FP32' as const };
        expect(throughWire([value], () => false).map(withOneNaN)).toEqual([withOneNaN(value)]);
      }),
    );
  });
});

describe('a body with random damage', () => {
  const damage = fc.record({ at: fc.nat(), remove: fc.nat(4), insert: fc.uint8Array({ maxLength: 4 }) });

  it('is decoded, or refused as invalid', () => {
    const inputs = fc.array(fc.tuple(tensor, fc.boolean()), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(inputs, fc.array(damage, { maxLength: 3 }), fc.integer(), (items, damages, shift) => {
        const outputs = items.map(([value], index) => ({ ...value, name: String(index) }));
        const whole = encodeV2Response(
          { model: 'm', version: '1', outputs },
          (name) => items[Number(name)]?.[1] === true,
        );
        const json = Buffer.from(String(whole.json).replace('"outputs":', '"inputs":'));
        let body = Buffer.concat([json, ...whole.binary]);
        for (const { at, remove, insert } of damages) {
          const start = at % (body.length + 1);
          body = Buffer.concat([body.subarray(0, start), insert, body.subarray(start + remove)]);
        }
        const length = whole.binary.length === 0 ? undefined : json.length - 1 + (shift % 3);
        expect(kindOf(() => decodeV2Request(body, length))).toMatch(/^(decoded|invalid)$/);
      }),
      { numRuns: 1000 },
    );
  });
});

function kindOf(work: () => unknown): string {
  try {
    work();
    return 'decoded';
  } catch (error) {
    return error instanceof NexusError ? error.kind : String(error);
  }
}
