import fc from 'fast-check';
import { encodeFrame, FrameReader, MalformedFrame } from '../../../src/runtime/frames';

interface Sent {
  readonly numbers: readonly number[];
  readonly pieces: readonly Uint8Array[];
}

const sent: fc.Arbitrary<Sent> = fc.record({
  numbers: fc.array(fc.double(), { maxLength: 12 }),
  pieces: fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 }),
});

const lengthOf = ({ pieces }: Sent) => pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
const bytesOf = (frame: Sent, space?: Buffer) =>
  encodeFrame(frame.numbers, frame.pieces, lengthOf(frame), space);

/** What a reader returns for `bytes`, cut at the points `cuts`. All chunks use the same memory, as those of a socket. */
function read(bytes: Buffer, cuts: readonly number[]) {
  const reader = new FrameReader();
  const frames: { numbers: readonly number[]; body: Buffer }[] = [];
  const memory = Buffer.allocUnsafeSlow(bytes.length);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    reader.push(memory.subarray(0, bytes.copy(memory, 0, start, end)));
    start = end;
    for (let frame = reader.next(); frame !== undefined; frame = reader.next())
      frames.push({ numbers: frame.numbers, body: Buffer.from(frame.body) });
  }
  return frames;
}

describe('frames', () => {
  it('are read as they were sent, in whatever pieces they arrive', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 8 }), (all, cuts) => {
        const frames = read(Buffer.concat(all.map((frame) => bytesOf(frame))), cuts);
        expect(frames.map(({ numbers }) => numbers)).toEqual(all.map(({ numbers }) => numbers));
        for (const [index, { body }] of frames.entries()) {
          const expected = Buffer.concat(all[index]!.pieces);
          expect(body.subarray(0, expected.length).equals(expected)).toBe(true);
          expect(body.length % 8).toBe(0);
          expect(body.subarray(expected.length).every((byte) => byte === 0)).toBe(true);
        }
      }),
    );
  });

  it('that arrive one at a time have a body that starts at a multiple of 8', () => {
    fc.assert(
      fc.property(sent, (frame) => {
        const chunk = Buffer.allocUnsafeSlow(4096);
        const reader = new FrameReader();
        reader.push(chunk.subarray(0, bytesOf(frame).copy(chunk)));
        expect(reader.next()!.body.byteOffset % 8).toBe(0);
      }),
    );
  });

  it('are written to the space for them if they fit', () => {
    const space = Buffer.allocUnsafeSlow(64).fill(255);
    const fits = bytesOf({ numbers: [1, 2], pieces: [Buffer.from('four')] }, space);
    expect(fits.buffer).toBe(space.buffer);
    expect(fits).toEqual(bytesOf({ numbers: [1, 2], pieces: [Buffer.from('four')] }));
    expect(bytesOf({ numbers: [1, 2], pieces: [new Uint8Array(40)] }, space).buffer).not.toBe(space.buffer);
  });

  it('of more than a megabyte are read, and those after them', () => {
    const large = { numbers: [1], pieces: [new Uint8Array(3_000_000).fill(7)] };
    const frames = read(Buffer.concat([bytesOf(large), bytesOf({ numbers: [2], pieces: [] })]), [5, 70_000]);
    expect(frames.map(({ numbers, body }) => [numbers, body.length])).toEqual([
      [[1], 3_000_000],
      [[2], 0],
    ]);
  });

  it.each([
    ['a length that is no multiple of 8', [20, 0]],
    ['a length that is none', [NaN, 0]],
    ['a negative length', [-16, 0]],
    ['a length that nothing has', [2 ** 40, 0]],
    ['numbers beyond the end', [24, 2]],
    ['a fraction of a number', [24, 0.5]],
    ['a negative number of numbers', [24, -1]],
  ])('with %s are malformed', (_what, head) => {
    const bytes = Buffer.from(Float64Array.from(head).buffer);
    expect(() => read(bytes, [])).toThrow(MalformedFrame);
    expect(() => read(bytes, [3, 9])).toThrow(MalformedFrame);
  });

  it('of arbitrary bytes are frames or malformed, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.nat()), (bytes, cuts) => {
        try {
          read(Buffer.from(bytes), cuts);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrame);
        }
      }),
    );
  });

  it('longer than readers accept are not sent', () => {
    expect(() => encodeFrame([], [], 65 * 2 ** 20)).toThrow(/exceeds/);
  });
});
