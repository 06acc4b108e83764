import { errors } from '../../common/errors';
import { moving, outcomeOfAsync } from '../../common/offload';
import { decodePicture } from './decode';
import { encodedPicture } from './encoded-picture';
import { normalise } from './normalise';
import type { PictureMessage, PreparedPicture } from './pictures';
import { placePicture } from './placement';
import { resample } from './resample';

/** Prepares one picture on a thread. The memory of its tensor is transferred to the caller. */
export async function preparePicture(task: PictureMessage): Promise<unknown> {
  const outcome = await outcomeOfAsync(() => prepared(task));
  return moving(outcome, 'value' in outcome ? [outcome.value.data.buffer] : []);
}

async function prepared({ bytes, recipe }: PictureMessage): Promise<PreparedPicture> {
  const decoded = await decodePicture(encodedPicture(bytes), recipe.channels);
  const placement = placePicture(decoded, recipe);
  const pixels = resample(decoded, placement.resized, recipe.resampling, placement.window);
  if (pixels === undefined)
    throw errors.invalidPicture(
      `the picture has ${decoded.width} x ${decoded.height} pixels, which is too long and narrow to resize; send it smaller`,
    );
  const { height, width } = placement.tensor;
  const { channels } = pixels;
  const shape = recipe.layout === 'chw' ? [channels, height, width] : [height, width, channels];
  return { shape, data: new Uint8Array(normalise(pixels, placement, recipe).buffer) };
}
