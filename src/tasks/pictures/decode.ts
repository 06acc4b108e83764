import sharp from 'sharp';
import { errors } from '../../common/errors';
import type { PictureRecipe } from '../picture-recipe';
import type { EncodedPicture } from './encoded-picture';
import type { Pixels } from './resample';

/** Maximum number of pixels of a picture: 50 million, 150 MB when decoded. */
const MAX_DECODED_PIXELS = 50_000_000;

// libvips has loaders for more than thirty formats. Only these exist for this process, whatever a file contains.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
  ],
});
// No picture is decoded twice, and each thread of Nexus decodes one.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes the first frame of `picture` as Pillow 13 does, turned upright by its EXIF orientation: without its colour
 * profile and transparency. `channels` of the recipe decides between colours and grey. The pixels of a GIF that are
 * transparent become black, where Pillow shows the colour of their palette entry.
 *
 * @throws NexusError invalid_picture if the file is damaged, has more than 50 million pixels, or is a PNG with 16-bit grey.
 */
export async function decodePicture(
  picture: EncodedPicture,
  channels: PictureRecipe['channels'],
): Promise<Pixels> {
  const header = await readable(picture, () => open(picture, false).metadata());
  const { width, height, space, depth, hasAlpha } = header;
  if (width * height > MAX_DECODED_PIXELS)
    throw errors.invalidPicture(
      `the picture has ${width} x ${height} pixels, but the limit is ${MAX_DECODED_PIXELS}; send it smaller`,
    );
  if (depth === 'ushort' && space === 'grey16' && !hasAlpha)
    throw errors.invalidPicture(
      'a PNG with 16-bit grey has no defined 8-bit values, because Pillow clips them; save it with 8 bits',
    );
  const file = open(picture, MAX_DECODED_PIXELS).autoOrient();
  const isCmyk = space === 'cmyk';
  const upright = isCmyk
    ? file.pipelineColourspace('cmyk').toColourspace('cmyk')
    : file.removeAlpha().toColourspace('srgb');
  const { data, info } = await readable(picture, () => upright.raw().toBuffer({ resolveWithObject: true }));
  const rgb = isCmyk ? rgbOfCmyk(data) : new Uint8Array(data.buffer, data.byteOffset, data.length);
  const size = { width: info.width, height: info.height };
  if (rgb.length !== size.width * size.height * 3)
    throw errors.invalidPicture(
      `the ${picture.format} has ${info.channels} channels; convert it to red, green and blue`,
    );
  if (channels === 'grey') return { ...size, channels: 1, data: greyOf(rgb) };
  return { ...size, channels: 3, data: rgb };
}

function open({ bytes }: EncodedPicture, limitInputPixels: number | false): sharp.Sharp {
  // Pillow refuses errors and ignores warnings.
  return sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels });
}

/** Replaces errors of libvips, whose texts describe its insides. */
async function readable<T>({ format }: EncodedPicture, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch {
    throw errors.invalidPicture(`the ${format} is truncated or damaged; send the whole file`);
  }
}

/** Converts inks to colours without a profile: each colour is what its ink and black leave of white. */
function rgbOfCmyk(cmyk: Uint8Array): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const white = 255 - cmyk[from + 3]!;
    for (let ink = 0; ink < 3; ink++) rgb[to++] = white - Math.round((cmyk[from + ink]! * white) / 255);
  }
  return rgb;
}

/** Converts colours to luma by ITU-R BT.601, with weights in units of 2^-16. */
function greyOf(rgb: Uint8Array): Uint8Array<ArrayBuffer> {
  const grey = new Uint8Array(rgb.length / 3);
  for (let from = 0, to = 0; to < grey.length; from += 3, to++)
    grey[to] = (rgb[from]! * 19595 + rgb[from + 1]! * 38470 + rgb[from + 2]! * 7471 + 0x8000) >> 16;
  return grey;
}
