import fc from 'fast-check';
import { keyOf, type Question } from '../../../../src/inference/cache/key';
import type { Datatype } from '../../../../src/tensor/tensor';

const MIB = 2 ** 20;

const tensor = fc
  .record({
    name: fc.constantFrom('a', 'b'),
    datatype: fc.constantFrom<Datatype>('UINT8', 'INT8', 'BYTES'),
    bytes: fc.array(fc.nat(1), { maxLength: 3 }),
  })
  .map(({ name, datatype, bytes }) => ({
    name,
    datatype,
    shape: [bytes.length],
    data: new Uint8Array(bytes),
  }));

const question: fc.Arbitrary<Question> = fc.record({
  model: fc.constantFrom('one', 'two'),
  caller: fc.constantFrom('', '10.0.0.1'),
  outputs: fc.array(fc.constantFrom('y', 'z'), { maxLength: 2 }),
  inputs: fc.array(tensor, { maxLength: 2 }),
  text: fc.constantFrom(undefined, {}, { prompt: 'query' }, { truncate: false }),
});

describe('the key of a question', () => {
  it('is the same for equal questions, and another one for others', async () => {
    const text = (asked: Question) =>
      JSON.stringify({
        ...asked,
        inputs: asked.inputs.map((input) => ({ ...input, data: [...input.data] })),
      });
    const tells = fc.asyncProperty(question, question, async (one, other) => {
      const [key, same, otherKey] = await Promise.all([one, structuredClone(one), other].map(keyOf));
      expect(same).toBe(key);
      expect(otherKey === key).toBe(text(one) === text(other));
    });
    await fc.assert(tells, { numRuns: 500 });
  });

  it('is of every byte, and leaves the event loop to others while it is computed', async () => {
    const asked = (last: number): Question => {
      const data = new Uint8Array(8 * MIB);
      data[data.length - 1] = last;
      return {
        model: '',
        caller: '',
        outputs: [],
        text: undefined,
        inputs: [{ name: 'x', datatype: 'UINT8', shape: [8 * MIB], data }],
      };
    };
    let turns = 0;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const [one, other] = [await keyOf(asked(1)), await keyOf(asked(2))];
    clearImmediate(next);
    expect(one).not.toBe(other);
    expect(turns).toBeGreaterThan(16);
  });
});
