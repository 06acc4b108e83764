import fc from 'fast-check';
import { MessageHeads } from '../../../src/transport/grpc/message-heads';
import { framed } from '../../e2e/support/raw-grpc';

it('finds every message, however the bytes are cut', () => {
  const sizes = fc.array(fc.oneof(fc.constant(0), fc.nat(300)), { maxLength: 8 });
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (lengths, cuts) => {
      const told: (number | 'end')[] = [];
      const heads = new MessageHeads({
        begins: (length) => told.push(length),
        ends: () => told.push('end'),
      });
      const bytes = Buffer.concat(lengths.map((length) => framed(Buffer.alloc(length, 255))));
      for (let at = 0, index = 0; at < bytes.length; index++) {
        const size = cuts[index % cuts.length]!;
        heads.take(bytes.subarray(at, at + size));
        at += size;
      }
      expect(told).toEqual(lengths.flatMap((length) => [length, 'end']));
    }),
  );
});
