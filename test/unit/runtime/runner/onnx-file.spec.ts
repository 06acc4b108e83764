import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { onnx } from 'onnx-proto';
import { inspect } from '../../../../src/runtime/runner/onnx-file';
import { UnloadableModelError } from '../../../../src/runtime/runner/unloadable-model-error';
import { affine, externalBias } from '../../../fixtures/models';
import { model, save } from '../../../fixtures/onnx';

const folder = mkdtempSync(join(tmpdir(), 'nexus-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'model.onnx');
const inspected = (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return inspect(path, folder);
};
const metadata = (about: onnx.IModelProto) => inspected(affine(2, about)).metadata;
const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: `key ${index}`, value: String(index) }));

describe('the metadata of an ONNX file', () => {
  it('is what the file says of itself', () => {
    const about = {
      irVersion: 9,
      producerName: 'trainer',
      producerVersion: '1.2',
      domain: 'org.example',
      modelVersion: 3,
      docString: 'Adds.',
      opsetImport: [{ version: 17 }, { domain: 'ai.onnx.ml', version: 3 }],
      metadataProps: [
        { key: 'author', value: 'Zoë' },
        { key: '__proto__', value: 'a key like any other' },
        { key: 'twice', value: 'first' },
        { key: 'twice', value: 'last' },
        { key: 'nothing' },
      ],
    };
    expect(metadata(about)).toEqual({
      irVersion: 9,
      producerName: 'trainer',
      producerVersion: '1.2',
      domain: 'org.example',
      modelVersion: '3',
      docString: 'Adds.',
      graphName: 'graph',
      opsets: { 'ai.onnx': 17, 'ai.onnx.ml': 3 },
      properties: {
        author: 'Zoë',
        ['__proto__']: 'a key like any other',
        twice: 'last',
        nothing: '',
      },
      isCut: false,
    });
  });

  it('is empty where the file says nothing', () => {
    const bytes = model({ name: '' }, { irVersion: 0, producerName: '', opsetImport: [] });
    expect(inspected(bytes).metadata).toEqual({
      irVersion: 0,
      producerName: '',
      producerVersion: '',
      domain: '',
      modelVersion: '0',
      docString: '',
      graphName: '',
      opsets: {},
      properties: {},
      isCut: false,
    });
  });

  it.each(['-1', '9007199254740993', '9223372036854775807', '-9223372036854775808'])(
    'has any 64-bit model version: %s',
    (modelVersion) => {
      const marked = affine(2, { modelVersion: 1 });
      const bits = BigInt.asUintN(64, BigInt(modelVersion));
      expect(inspected(replaced(marked, [0x28, 1], [0x28, ...varint(bits)])).metadata).toMatchObject({
        modelVersion,
      });
    },
  );

  it('is of bounded size', () => {
    const all = metadata({ metadataProps: entries(128), docString: 'x'.repeat(4096) });
    expect([Object.keys(all.properties).length, all.docString.length, all.isCut]).toEqual([128, 4096, false]);
    const { properties, isCut } = metadata({ metadataProps: entries(5000) });
    expect([Object.keys(properties).at(-1), Object.keys(properties).length, isCut]).toEqual([
      'key 127',
      128,
      true,
    ]);
    const many = Array.from({ length: 129 }, (_, index) => ({ domain: `domain ${index}`, version: 1 }));
    expect(metadata({ opsetImport: many }).isCut).toBe(true);
    const long = metadata({ metadataProps: [{ key: 'licence', value: `${'x'.repeat(4095)}ë` }] });
    expect(long).toMatchObject({ properties: { licence: 'x'.repeat(4095) }, isCut: true });
  });

  it('has text of any characters as it is, and what is not UTF-8 marked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (text) => {
        const found = metadata({ docString: text, metadataProps: [{ key: 'text', value: text }] });
        expect(found).toMatchObject({ docString: text, properties: { text } });
      }),
    );
    const marked = affine(2, { docString: 'marked' });
    const broken = replaced(marked, Buffer.from('marked'), [0x61, 0xc3, 0x28, 0xff, 0x7a, 0xe2]);
    expect(inspected(broken).metadata.docString).toBe('a\uFFFD(\uFFFDz\uFFFD');
  });
});

describe('a file', () => {
  it('that ends early is refused, unless it ends with a field', () => {
    const about = { metadataProps: entries(2) };
    const whole = affine(2, about);
    const lengths = Array.from({ length: whole.length }, (_, index) => index + 1);
    const readable = lengths.filter((length) => 'metadata' in outcomeOf(whole.subarray(0, length)));
    // The ends of the graph, the operator set and the two properties.
    expect(readable).toHaveLength(4);
    expect(readable.at(-1)).toBe(whole.length);
    for (const length of lengths.filter((candidate) => !readable.includes(candidate)))
      expect(outcomeOf(whole.subarray(0, length))).toMatchObject({
        message: expect.stringMatching(/^the file is not a readable ONNX model: /),
      });
  });

  it('of any bytes is refused or has metadata', () => {
    const good = affine();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const content of [bytes, Buffer.concat([good, bytes]), Buffer.concat([bytes, good])]) {
          const outcome = outcomeOf(content);
          expect(outcome instanceof UnloadableModelError || 'metadata' in outcome).toBe(true);
        }
      }),
    );
  });

  it('is not read where the weights are', () => {
    const size = 2 ** 36;
    // The raw data of an initializer of the graph, which nobody has written.
    const raw = [(9 << 3) | 2, ...varint(BigInt(size))];
    const tensor = [(5 << 3) | 2, ...varint(BigInt(raw.length + size)), ...raw];
    const head = Buffer.from([(7 << 3) | 2, ...varint(BigInt(tensor.length + size)), ...tensor]);
    writeFileSync(path, head);
    truncateSync(path, head.length + size);
    expect(inspect(path, folder).bytes).toBe(head.length + size);
  });

  it('has the size of all its files, each counted once', () => {
    save(join(folder, 'data/bias.bin'), new Uint8Array(1000));
    symlinkSync('data', join(folder, 'link'));
    const plain = affine();
    expect(inspected(plain).bytes).toBe(plain.length);
    const external = externalBias('data/bias.bin', './data/bias.bin', 'link/bias.bin');
    expect(inspected(external).bytes).toBe(external.length + 1000);
  });
});

describe('the digest of a model', () => {
  const digestOf = () => inspect(path, folder, true).digest;

  it('is SHA-256 of its file, and computed only where it is asked for', () => {
    const bytes = affine();
    expect(inspected(bytes)).not.toHaveProperty('digest');
    expect(digestOf()).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('is another one when external data change', () => {
    save(join(folder, 'bias.bin'), new Uint8Array(3 * 2 ** 20));
    writeFileSync(path, externalBias('bias.bin'));
    const before = digestOf();
    expect(digestOf()).toBe(before);
    const changed = new Uint8Array(3 * 2 ** 20);
    changed[changed.length - 1] = 1;
    save(join(folder, 'bias.bin'), changed);
    expect(digestOf()).not.toBe(before);
  });
});

function outcomeOf(bytes: Uint8Array) {
  try {
    return inspected(bytes);
  } catch (error) {
    return error as Error;
  }
}

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}

function replaced(bytes: Uint8Array, from: ArrayLike<number>, to: ArrayLike<number>): Uint8Array {
  const at = Buffer.from(bytes).indexOf(Uint8Array.from(from));
  return Buffer.concat([bytes.subarray(0, at), Uint8Array.from(to), bytes.subarray(at + from.length)]);
}
