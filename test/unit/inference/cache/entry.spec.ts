import fc from 'fast-check';
import { decodeEntry, encodeEntry } from '../../../../src/inference/cache/entry';
import { ELEMENT_BYTES, type Datatype, type Tensor } from '../../../../src/tensor/tensor';
import { withLength } from '../../../fixtures/binary';

const tensor: fc.Arbitrary<Tensor> = fc.record({
  name: fc.string({ unit: 'grapheme' }),
  datatype: fc.constantFrom(...(Object.keys(ELEMENT_BYTES) as Datatype[])),
  shape: fc.array(fc.nat(9), { maxLength: 3 }),
  data: fc.uint8Array({ maxLength: 64 }),
});

describe('an entry', () => {
  it('is read as it was written', () => {
    const roundTrip = fc.property(fc.array(tensor, { maxLength: 4 }), (outputs) => {
      const read = decodeEntry(encodeEntry(outputs))!;
      const plain = (tensors: readonly Tensor[]) =>
        tensors.map((each) => ({ ...each, data: [...each.data] }));
      expect(plain(read)).toEqual(plain(outputs));
    });
    fc.assert(roundTrip);
  });

  it('is none when bytes are missing or too many', () => {
    const cut = fc.property(fc.array(tensor, { minLength: 1 }), fc.nat(), (outputs, at) => {
      const entry = encodeEntry(outputs);
      expect(decodeEntry(entry.subarray(0, at % entry.byteLength))).toBeUndefined();
      expect(decodeEntry(Buffer.concat([entry, Buffer.alloc(1)]))).toBeUndefined();
    });
    fc.assert(cut);
  });

  it.each([
    '',
    '[{"name":1,"datatype":"FP32","shape":[],"byteLength":0}]',
    '[{"name":"y","datatype":"TEXT","shape":[],"byteLength":0}]',
    '[{"name":"y","datatype":"FP32","shape":[-1],"byteLength":0}]',
    '[{"name":"y","datatype":"FP32","shape":[0]}]',
    '[null]',
    '{}',
    'null',
  ])('is none with the head %s', (head) => {
    expect(decodeEntry(withLength(head))).toBeUndefined();
  });
});
