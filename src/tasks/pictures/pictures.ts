import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { Offload } from '../../common/offload';
import type { Shape } from '../../tensor/tensor';
import type { PictureRecipe } from '../picture-recipe';

const WORKER = join(__dirname, 'pictures.worker.js');

/**
 * Maximum number of threads. Decoding runs in the pool of libuv, which has four threads and also serves files, DNS and
 * decompression for the whole process; one stays free for them.
 */
const MAX_THREADS = 3;

/** Default limit of the tensors of one request: 1 GiB, 1,783 pictures of 224 x 224 in colour. */
const MAX_BYTES = 2 ** 30;

/** This many bytes are copied in a fraction of a millisecond. */
const COPIED_AT_ONCE = 2 ** 20;

/** A task of a picture thread. The memory of `bytes` is transferred to the thread. */
export interface PictureMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly recipe: PictureRecipe;
}

/** A picture as the input of a model. */
export interface PreparedPicture {
  /** [channels, height, width] or [height, width, channels], by the layout of the recipe. */
  readonly shape: Shape;
  /** FP32, little-endian, row-major, in memory of its own. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Decodes, resizes and normalises pictures on other threads, with the results of Pillow and numpy. */
export class Pictures extends Offload {
  private readonly threads: number;

  /** @param maxBytes maximum size of the tensors of one request, in bytes. */
  constructor(private readonly maxBytes = MAX_BYTES) {
    const threads = Math.min(availableParallelism(), MAX_THREADS);
    super(WORKER, threads);
    this.threads = threads;
  }

  /**
   * Prepares each of `pictures`: the bytes of a JPEG, PNG, WebP or GIF file (its first frame), or ASCII text of them as
   * base64 or a data URL. Copies the bytes, so that the memory of the request stays intact. A request has at most one
   * picture on each thread, so that requests with many pictures do not delay others. Stops at the first error, and
   * before the next picture once `isAbandoned` returns true.
   *
   * @returns one tensor for each picture, in the same order. Their shapes differ if the recipe keeps proportions.
   * @throws NexusError cancelled if the request is abandoned; invalid if a picture cannot be used, or if all tensors
   * exceed the limit. The message begins with the index of the picture if there are several.
   */
  async prepare(
    pictures: readonly Uint8Array[],
    recipe: PictureRecipe,
    isAbandoned?: () => boolean,
  ): Promise<readonly PreparedPicture[]> {
    const prepared: PreparedPicture[] = [];
    let next = 0;
    let left = this.maxBytes;
    const prepareNext = async (): Promise<void> => {
      while (next < pictures.length) {
        if (isAbandoned?.() === true) throw errors.cancelled();
        const index = next++;
        const picture = await this.prepareOne(pictures[index]!, recipe).catch((error: unknown) => {
          throw pictures.length === 1 ? error : withIndex(error, index);
        });
        left -= picture.data.length;
        if (left < 0) throw tooManyPictures(pictures.length, this.maxBytes);
        prepared[index] = picture;
      }
    };
    const lanes = Array.from({ length: Math.min(this.threads, pictures.length) }, prepareNext);
    try {
      await Promise.all(lanes);
    } finally {
      next = pictures.length;
    }
    return prepared;
  }

  private async prepareOne(picture: Uint8Array, recipe: PictureRecipe): Promise<PreparedPicture> {
    const bytes = await copied(picture);
    const task: PictureMessage = { bytes, recipe };
    return this.runOnThread<PreparedPicture>('preparePicture', task, [bytes.buffer]);
  }
}

/** A copy of `bytes`, made in pieces, so that the event loop is not blocked. */
async function copied(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += COPIED_AT_ONCE) {
    if (at > 0) await setImmediate();
    copy.set(bytes.subarray(at, at + COPIED_AT_ONCE), at);
  }
  return copy;
}

function withIndex(error: unknown, index: number): unknown {
  if (!(error instanceof NexusError)) return error;
  return new NexusError(error.kind, error.code, `picture ${index}: ${error.message}`, error.details);
}

function tooManyPictures(count: number, maxBytes: number): NexusError {
  return errors.invalidPicture(
    `the ${count} pictures become tensors of more than ${maxBytes} bytes, which is the limit; send fewer pictures per request`,
  );
}
