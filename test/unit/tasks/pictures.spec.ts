import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PictureRecipe } from '../../../src/tasks/picture-recipe';
import type { Pictures } from '../../../src/tasks/pictures/pictures';
import fc from 'fast-check';
import { compileCodec } from '../codec/compiled';
import { greyPng } from './png';

interface Expected {
  readonly file: string;
  readonly recipe: PictureRecipe;
  readonly shape: readonly number[];
  /** The first half of the SHA-256 of the tensor. */
  readonly sha256: string;
  /** The first value, one in between, and the last. */
  readonly values: readonly number[];
}

const FOLDER = join(__dirname, '../../fixtures/pictures');
const read = (name: string) => readFileSync(join(FOLDER, name));
const expected = JSON.parse(read('expected.json').toString()) as Expected[];

const RECIPE: PictureRecipe = {
  resize: { shortestEdge: 45 },
  resampling: 'bilinear',
  crop: { height: 40, width: 40 },
  rescale: 1 / 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  channels: 'rgb',
  layout: 'chw',
};

/** Size of a tensor of RECIPE. */
const BYTES = 40 * 40 * 3 * 4;

let folder: string;
let Compiled: typeof Pictures;
let pictures: Pictures;

beforeAll(() => {
  folder = compileCodec();
  ({ Pictures: Compiled } = require(
    join(folder, 'src/tasks/pictures/pictures.js'),
  ) as typeof import('../../../src/tasks/pictures/pictures'));
  pictures = new Compiled();
});

afterAll(async () => {
  await pictures.onApplicationShutdown();
  rmSync(folder, { recursive: true });
});

const tensorOf = async (picture: Uint8Array, recipe = RECIPE) =>
  (await pictures.prepare([picture], recipe))[0]!;

const messageOf = async (picture: Uint8Array, recipe = RECIPE): Promise<string> => {
  const error: unknown = await tensorOf(picture, recipe).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'NexusError', kind: 'unprocessable', code: 'invalid_picture' });
  return (error as Error).message;
};

describe('a picture becomes the tensor of Pillow and numpy, bit for bit', () => {
  it.each([...Map.groupBy(expected, ({ file }) => file)])('%s', async (file, cases) => {
    const bytes = read(file);
    for (const { recipe, shape, sha256, values } of cases) {
      const tensor = await tensorOf(bytes, recipe);
      const floats = new Float32Array(tensor.data.buffer);
      const some = [0, Math.floor(floats.length / 3), floats.length - 1].map((index) => floats[index]);
      const hash = createHash('sha256').update(tensor.data).digest('hex').slice(0, 32);
      expect({ recipe, shape: tensor.shape, values: some, sha256: hash }).toEqual({
        recipe,
        shape,
        values,
        sha256,
      });
    }
  });
});

describe('pictures as text', () => {
  const file = read('photo-420.jpg');
  const base64 = file.toString('base64');

  it.each([
    ['base64', base64],
    ['base64 without padding', base64.replaceAll('=', '')],
    ['base64 in the URL alphabet', file.toString('base64url')],
    ['base64 in lines', ` ${base64.replaceAll(/.{76}/g, '$&\r\n')}\n`],
    ['a data URL', `data:image/jpeg;base64,${base64}`],
    [
      'a data URL of another media type',
      `DATA:text/plain;charset=utf-8;base64,${file.toString('base64url')}\n`,
    ],
  ])('are accepted as %s', async (_form, text) => {
    expect(await tensorOf(Buffer.from(text))).toEqual(await tensorOf(file));
  });

  it.each([
    [
      'base64 of text',
      Buffer.from('hello there').toString('base64'),
      /^expected JPEG.*got 11 bytes that begin with 68 65/,
    ],
    ['text that is not base64', 'ein Bild!', /^expected JPEG.* got text that begins with "ein Bild!"$/],
    [
      'base64 with an impossible length',
      `${base64.replaceAll('=', '')}AAAAA`.slice(0, 4 * 50 + 1),
      /got text that/,
    ],
    ['base64 that continues after its padding', 'AA==AA==', /got text that begins with "AA==AA=="/],
    ['a data URL without base64', 'data:image/png,%89PNG', /^expected a data URL with ';base64,'/],
    ['a data URL without data', 'data:image/png;base64,', /got text that/],
    ['a URL', 'https://example.com/cat.jpg', /^a URL is not fetched/],
    ['white space', ' \n ', /got 3 bytes that begin with 20 0a 20/],
    ['nothing', '', /^expected JPEG, PNG, WebP or GIF, got no bytes$/],
  ])('are refused as %s', async (_form, text, message) => {
    expect(await messageOf(Buffer.from(text))).toMatch(message);
  });
});

describe('pictures that are refused', () => {
  const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';

  it.each([
    ['SVG', svg],
    ['HTML or XML', '<!doctype html><html></html>'],
    ['TIFF', 'II*\0\x08\0\0\0'],
    ['PDF', '%PDF-1.7\n'],
    ['HEIF or AVIF', '\0\0\0\x1cftypheic\0\0\0\0'],
    ['HEIF or AVIF', '\0\0\0\x1cftypavif\0\0\0\0'],
    ['BMP', 'BM\x46\0\0\0\0\0\0\0'],
    ['4 bytes that begin with 01 02 03 04', '\x01\x02\x03\x04'],
  ])('%s', async (format, content) => {
    const bytes = Buffer.from(content, 'latin1');
    const message = `expected JPEG, PNG, WebP or GIF, got ${format}`;
    expect(await messageOf(bytes)).toBe(message);
    expect(await messageOf(Buffer.from(bytes.toString('base64')))).toBe(message);
  });

  it.each([
    'photo-420.jpg',
    'progressive.jpg',
    'cmyk.jpg',
    'rgb.png',
    'lossy.webp',
    'lossless.webp',
    'still.gif',
  ])('%s cut anywhere', async (file) => {
    const bytes = read(file);
    const format = { jpg: 'JPEG', png: 'PNG', webp: 'WebP', gif: 'GIF' }[file.split('.')[1]!]!;
    for (const part of [0.02, 0.2, 0.5, 0.9])
      expect(await messageOf(bytes.subarray(0, Math.max(16, bytes.length * part)))).toBe(
        `the ${format} is truncated or damaged; send the whole file`,
      );
  });

  it('files with the first bytes of a picture', async () => {
    const html = Buffer.from('<html><script>alert(1)</script></html>');
    for (const [format, start] of [
      ['JPEG', 'ffd8ffe0'],
      ['PNG', '89504e470d0a1a0a'],
      ['GIF', Buffer.from('GIF89a').toString('hex')],
      ['WebP', Buffer.from('RIFF\x30\0\0\0WEBP').toString('hex')],
    ] as const)
      expect(await messageOf(Buffer.concat([Buffer.from(start, 'hex'), html]))).toBe(
        `the ${format} is truncated or damaged; send the whole file`,
      );
  });

  it('PNG with 16-bit grey', async () => {
    expect(await messageOf(read('grey-16-bits.png'))).toMatch(
      /^a PNG with 16-bit grey .* save it with 8 bits$/,
    );
  });

  it('more than 50 million pixels, without decoding them', async () => {
    const before = process.resourceUsage().maxRSS;
    const bomb = greyPng(50_000, 50_000, 1);
    expect(bomb.length).toBeLessThan(1000);
    expect(await messageOf(bomb)).toBe(
      'the picture has 50000 x 50000 pixels, but the limit is 50000000; send it smaller',
    );
    expect(await messageOf(greyPng(7072, 7072))).toMatch(/^the picture has 7072 x 7072 pixels/);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(300 * 1024);
  });

  it('pictures that become too large', async () => {
    const whole = { ...RECIPE, crop: undefined };
    const long = greyPng(1, 10_000);
    expect(await messageOf(long, { ...whole, resize: { shortestEdge: 50 } })).toMatch(
      /^the picture has 1 x 10000 pixels and would be resized to 50 x 500000, but the limit is/,
    );
    expect(await messageOf(long, { ...RECIPE, resize: { shortestEdge: 200 } })).toMatch(/200 x 2000000/);
    expect(await messageOf(long, { ...whole, resize: { height: 9, width: 9000 } })).toMatch(
      /^the picture has 1 x 10000 pixels, which is too long and narrow to resize/,
    );
  });
});

describe('several pictures', () => {
  it('become tensors in their order, and the request keeps its bytes', async () => {
    const files = ['rgb.png', 'lossy.webp', 'photo-420.jpg', 'still.gif', 'grey.jpg'].map(read);
    const shared = Buffer.concat(files);
    const views = files.map((file, index) => {
      const start = files.slice(0, index).reduce((sum, { length }) => sum + length, 0);
      return shared.subarray(start, start + file.length);
    });
    const together = await pictures.prepare(views, RECIPE);
    expect(together).toEqual(await Promise.all(files.map((file) => tensorOf(file))));
    expect(shared.equals(Buffer.concat(files))).toBe(true);
    expect(new Set(together.map(({ data }) => data.buffer)).size).toBe(files.length);
  });

  it('are none for no pictures', async () => {
    expect(await pictures.prepare([], RECIPE)).toEqual([]);
  });

  it('fail together, with the index of the one that is wrong', async () => {
    const good = read('rgb.png');
    await expect(pictures.prepare([good, good, Buffer.from('<svg/>'), good], RECIPE)).rejects.toMatchObject({
      message: 'picture 2: expected JPEG, PNG, WebP or GIF, got SVG',
    });
  });

  it('are not started once the request is abandoned', async () => {
    const good = read('rgb.png');
    let asked = 0;
    const abandoned = pictures.prepare(Array(9).fill(good), RECIPE, () => ++asked > 4);
    await expect(abandoned).rejects.toMatchObject({ kind: 'cancelled', code: 'cancelled' });
    expect(asked).toBeLessThan(9);
  });

  it('have a limit for the memory of their tensors', async () => {
    const limited = new Compiled(2 * BYTES);
    const good = read('rgb.png');
    expect(await limited.prepare([good, good], RECIPE)).toHaveLength(2);
    await expect(limited.prepare([good, good, good], RECIPE)).rejects.toMatchObject({
      kind: 'unprocessable',
      message: `the 3 pictures become tensors of more than ${2 * BYTES} bytes, which is the limit; send fewer pictures per request`,
    });
    await limited.onApplicationShutdown();
  });
});

it('any bytes give a tensor or a clear error', async () => {
  const files = [
    'photo-420.jpg',
    'progressive.jpg',
    'palette.png',
    'animated.webp',
    'animated.gif',
    'orientation-6.jpg',
  ].map(read);
  const damaged = fc
    .tuple(fc.constantFrom(...files), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 20 }), fc.nat())
    .map(([file, changes, cut]) => {
      const bytes = Buffer.from(file);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0));
    });
  const anything = fc.oneof(
    damaged,
    fc.uint8Array(),
    fc.string().map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (bytes) => {
      const found = await tensorOf(bytes).catch((error: unknown) => error as Error);
      if (found instanceof Error) {
        expect(found).toMatchObject({ kind: 'unprocessable', code: 'invalid_picture' });
        expect(found.message).toMatch(/^(expected|the|a) /);
        expect(found.message.length).toBeLessThan(250);
        expect(found.message).not.toMatch(/vips/i);
      } else {
        expect(found.data).toHaveLength(BYTES);
        expect(new Float32Array(found.data.buffer).every((value) => Math.abs(value) < 3)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});
