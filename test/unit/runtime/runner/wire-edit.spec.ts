import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import proto from 'onnx-proto';
import { ProtobufFileReader, type ProtobufField } from '../../../../src/runtime/runner/wire';
import { assembled, delimited, edited, integer, type Piece } from '../../../../src/runtime/runner/wire-edit';
import { affine, counter, externalBias } from '../../../fixtures/models';

const folder = mkdtempSync(join(tmpdir(), 'nexus-edit-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** `bytes` as `edit` makes them. */
function rewritten(
  bytes: Uint8Array,
  edit: (reader: ProtobufFileReader, message: ProtobufField) => readonly Piece[],
): Uint8Array {
  const path = join(folder, 'message');
  writeFileSync(path, bytes);
  const fd = openSync(path, 'r');
  try {
    return assembled(
      fd,
      edit(new ProtobufFileReader(fd), { number: 0, start: 0, end: bytes.length, value: 0 }),
    );
  } finally {
    closeSync(fd);
  }
}

/** Every message inside `message` that is one of a model, written anew from its fields. */
const unchanged = (reader: ProtobufFileReader, message: ProtobufField): readonly Piece[] =>
  edited(reader, message, ({ number, ...place }) => {
    const isGraph = message.number === 0 && number === 7;
    const isNode = message.number === 7 && number === 1;
    const field = { number, ...place };
    return isGraph || isNode ? delimited(number, unchanged(reader, field)) : undefined;
  });

/** A field of any kind with any number. */
const anyField = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 2 ** 29 - 1 }), fc.integer({ min: 0, max: 2 ** 50 }))
    .map(([number, content]) => integer(number, content)),
  fc
    .tuple(fc.integer({ min: 1, max: 5000 }), fc.uint8Array({ maxLength: 300 }))
    .map(([number, content]) => delimited(number, [content])),
);
const anyMessage = fc
  .array(anyField, { maxLength: 20 })
  .map((fields) => Buffer.concat(fields.flat() as Uint8Array[]));

it('gives the same bytes where nothing is changed', () => {
  for (const bytes of [affine(), counter(), externalBias('a', 'b')])
    expect(Buffer.from(rewritten(bytes, unchanged)).equals(bytes)).toBe(true);
  fc.assert(
    fc.property(anyMessage, (bytes) => {
      expect(Buffer.from(rewritten(bytes, (reader, all) => edited(reader, all, () => undefined)))).toEqual(
        bytes,
      );
      const one = Buffer.concat(delimited(3, [bytes]) as Uint8Array[]);
      const inside = (reader: ProtobufFileReader, all: ProtobufField) =>
        edited(reader, all, (field) =>
          delimited(
            3,
            edited(reader, field, () => undefined),
          ),
        );
      expect(Buffer.from(rewritten(one, inside))).toEqual(one);
    }),
  );
});

it('leaves out, replaces and adds fields, and keeps all others as they are', () => {
  fc.assert(
    fc.property(
      fc.array(anyField, { maxLength: 20 }),
      fc.infiniteStream(fc.nat({ max: 2 })),
      (fields, stream) => {
        const fates = fields.map(() => stream.next().value);
        const ours = delimited(9, [Buffer.from('ours')]) as Uint8Array[];
        let index = 0;
        const bytes = rewritten(Buffer.concat(fields.flat() as Uint8Array[]), (reader, all) =>
          edited(reader, all, () => [undefined, [], ours][fates[index++]!]),
        );
        const expected = fields.flatMap((field, at) => [field as Uint8Array[], [], ours][fates[at]!]!);
        expect(Buffer.from(bytes)).toEqual(Buffer.concat(expected));
      },
    ),
  );
});

it('makes messages that others can read, of any length', () => {
  const bytes = rewritten(affine(), (reader, all) => [
    ...edited(reader, all, () => undefined),
    ...delimited(6, [Buffer.from('x'.repeat(20_000))]),
    ...integer(5, 2 ** 40),
  ]);
  const { docString, modelVersion, graph } = proto.onnx.ModelProto.decode(bytes);
  expect([docString.length, Number(modelVersion), graph?.node?.length]).toEqual([20_000, 2 ** 40, 2]);
});
