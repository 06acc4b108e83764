import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadataProps } from '../../../src/repository/metadata-props';
import { affine } from '../../fixtures/models';

const folder = mkdtempSync(join(tmpdir(), 'nexus-props-'));
const path = join(folder, 'model.onnx');
afterAll(() => rmSync(folder, { recursive: true }));

const read = async (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  const pieces: string[] = [];
  for await (const piece of metadataProps(path)) pieces.push(piece);
  return pieces;
};
const withProps = (entries: readonly (readonly [string, string])[]) =>
  affine(2, { metadataProps: entries.map(([key, value]) => ({ key, value })) });

it('gives texts whole, whatever characters are in them', async () => {
  // Every 97th character, and each of those that JSON writes in another way.
  const points = Array.from({ length: 0x110000 }, (_, point) => point);
  const characters = points.filter(
    (point) => (point < 256 || point % 97 === 0) && (point & ~0x7ff) !== 0xd800,
  );
  const entries = Array.from({ length: 50 }, (_, index) => {
    const chosen = characters
      .filter((_point, at) => at % 50 === index)
      .map((point) => String.fromCodePoint(point));
    return [chosen.slice(0, 9).join(''), chosen.join('')] as const;
  });
  const pieces = await read(withProps(entries));
  expect(JSON.parse(pieces.join(''))).toEqual(Object.fromEntries(entries));
});

it('gives long texts in pieces that end with whole characters', async () => {
  for (const shift of [0, 1, 2, 3]) {
    const long = 'x'.repeat(shift) + '😀"\n'.repeat(20_000);
    const pieces = await read(
      withProps([
        ['classes', long],
        ['author', 'Zoë'],
      ]),
    );
    expect(JSON.parse(pieces.join(''))).toEqual({ classes: long, author: 'Zoë' });
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
  }
});

it('has as many properties as there are', async () => {
  const entries = Array.from({ length: 5000 }, (_, index) => [`key ${index}`, String(index)] as const);
  expect(JSON.parse((await read(withProps(entries))).join(''))).toEqual(Object.fromEntries(entries));
  expect(await read(affine())).toEqual(['{}']);
});

it('rejects what is no model', async () => {
  await expect(read(affine().subarray(0, -3))).rejects.toThrow('a field is longer than its message');
  await expect(read(Uint8Array.of(0x0f))).rejects.toThrow('unknown wire type 7');
  await expect(metadataProps(join(folder, 'none')).next()).rejects.toThrow('ENOENT');
});
