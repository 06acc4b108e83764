import fc from 'fast-check';
import { FrameReader, encodeFrame, MalformedFrame, type Frame } from '../../../src/runtime/frames';
import {
  decodeFromRunner,
  decodeToRunner,
  encodeMessage,
  encodeRan,
  encodeRun,
} from '../../../src/runtime/message-frames';
import { layOut, type PackedTensor } from '../../../src/runtime/slab-layout';
import { ELEMENT_BYTES, elementCount, type Datatype } from '../../../src/tensor/tensor';

const datatypes = Object.keys(ELEMENT_BYTES) as Datatype[];

const tensor: fc.Arbitrary<PackedTensor> = fc
  .record({
    name: fc.string(),
    datatype: fc.constantFrom(...datatypes),
    shape: fc.array(fc.nat(3), { maxLength: 4 }),
  })
  .map(({ name, datatype, shape }) => {
    const byteLength = elementCount(shape) * (ELEMENT_BYTES[datatype] || 5);
    const bytes = Uint8Array.from({ length: byteLength }, (_, index) => index % 251);
    const middle = byteLength >> 1;
    return { name, datatype, shape, chunks: [bytes.subarray(0, middle), bytes.subarray(middle)] };
  });
const tensors = fc.array(tensor, { maxLength: 4 });

function frameOf(bytes: Buffer): Frame {
  const reader = new FrameReader();
  reader.push(bytes);
  return reader.next()!;
}

const namesOf = (packed: readonly PackedTensor[]) => packed.map(({ name }) => name);

/** The data of each tensor at its place in `bytes`. */
const dataOf = (placed: readonly { offset: number; byteLength: number }[], bytes: Buffer) =>
  placed.map(({ offset, byteLength }) => [...bytes.subarray(offset, offset + byteLength)]);

const expectedData = (packed: readonly PackedTensor[]) =>
  packed.map(({ chunks }) => Array.from(Buffer.concat(chunks)));

describe('messages of runs', () => {
  it('arrive with the same tensors, inline or at their places in the slab', () => {
    fc.assert(
      fc.property(tensors, fc.boolean(), (inputs, isInline) => {
        const layout = layOut(inputs, 0);
        const names = { type: 'names', session: 3, inputs: namesOf(inputs), outputs: ['y'] } as const;
        const message = decodeToRunner(frameOf(encodeRun(3, layout, isInline)), () => names);
        expect(message).toMatchObject({ type: 'run', session: 3, inputs: layout.tensors, outputs: ['y'] });
        if (message.type !== 'run') return;
        if (isInline) expect(dataOf(message.inputs, message.inline!)).toEqual(expectedData(inputs));
        else expect(message.inline).toBeUndefined();
      }),
    );
  });

  it('return the same tensors, inline or behind the inputs in the slab', () => {
    fc.assert(
      fc.property(tensors, fc.boolean(), fc.nat(10), (outputs, isInline, words) => {
        const start = isInline ? 0 : words * 8;
        const layout = layOut(outputs, start);
        const frame = frameOf(encodeRan(1.5, layout, isInline));
        const message = decodeFromRunner(frame, namesOf(outputs), start);
        expect(message).toMatchObject({ type: 'ran', runMs: 1.5, outputs: layout.tensors });
        if (message.type !== 'ran') return;
        if (isInline) expect(dataOf(message.outputs, message.inline!)).toEqual(expectedData(outputs));
        else expect(message.inline).toBeUndefined();
      }),
    );
  });

  it('need the names of the session', () => {
    const frame = frameOf(encodeRun(3, layOut([], 0), true));
    expect(() => decodeToRunner(frame, () => undefined)).toThrow(MalformedFrame);
  });

  it.each([
    ['a missing output', [2, 1, 1]],
    ['a datatype that does not exist', [2, 1, 1, 99, 4, 1, 1]],
    ['bytes that do not fit the shape', [2, 1, 1, 10, 8, 1, 1]],
    ['a negative dimension', [2, 1, 1, 12, 0, 1, -1]],
    ['more dimensions than there are numbers', [2, 1, 1, 10, 4, 2, 1]],
    ['numbers left over', [2, 1, 1, 10, 4, 1, 1, 1]],
    ['fewer bytes than the output has', [2, 1, 1, 10, 4000, 1, 1000]],
    ['a kind that does not exist', [9, 1, 1]],
  ])('with %s are malformed', (_what, numbers) => {
    const frame = frameOf(encodeFrame(numbers, [new Uint8Array(8)], 8));
    expect(() => decodeFromRunner(frame, ['y'], 0)).toThrow(MalformedFrame);
  });

  it('of arbitrary numbers are messages or malformed, and nothing else', () => {
    const number = fc.oneof(fc.integer({ min: -1, max: 12 }), fc.double());
    fc.assert(
      fc.property(fc.array(number), fc.uint8Array(), fc.array(fc.string()), (numbers, body, names) => {
        try {
          decodeFromRunner(frameOf(encodeFrame(numbers, [body], body.length)), names, 0);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrame);
        }
      }),
    );
  });
});

describe('other messages', () => {
  it('are JSON', () => {
    const failed = { type: 'failed', reason: 'größer', noRoom: false } as const;
    expect(decodeFromRunner(frameOf(encodeMessage(failed)), [], 0)).toEqual(failed);
    const release = { type: 'release', session: 4 } as const;
    expect(decodeToRunner(frameOf(encodeMessage(release)), () => undefined)).toEqual(release);
  });

  it.each(['{', 'null', '3', '{"reason": ""}'])('that are %s are malformed', (json) => {
    const body = Buffer.from(json);
    const frame = frameOf(encodeFrame([0, body.length], [body], body.length));
    expect(() => decodeFromRunner(frame, [], 0)).toThrow(MalformedFrame);
  });
});
