/** Method of resampling. The names are Pillow's. */
export const RESAMPLINGS = ['nearest', 'bilinear', 'bicubic', 'lanczos', 'box', 'hamming'] as const;

export type Resampling = (typeof RESAMPLINGS)[number];

/** Orders of the channels of a picture; `grey` is one channel. */
export const CHANNEL_ORDERS = ['rgb', 'bgr', 'grey'] as const;

export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];

/** Layouts of a picture: channels first ([channels, height, width]) or last. */
export const PICTURE_LAYOUTS = ['chw', 'hwc'] as const;

export type PictureLayout = (typeof PICTURE_LAYOUTS)[number];

/** A size in pixels. */
export interface PictureSize {
  readonly height: number;
  readonly width: number;
}

/** How a decoded picture becomes the input of a model. The steps run in the order of the members. */
export interface PictureRecipe {
  /** Exact size, or the length of the shortest edge, whose picture keeps its proportions; undefined to keep the size. */
  readonly resize: PictureSize | { readonly shortestEdge: number } | undefined;
  readonly resampling: Resampling;
  /** Size to cut from the centre; undefined to keep the whole picture. */
  readonly crop: PictureSize | undefined;
  /** Factor of every 8-bit value, usually 1/255. */
  readonly rescale: number;
  /** Subtracted from each channel after rescaling; one number for each channel. */
  readonly mean: readonly number[];
  /** Divides each channel afterwards; one number for each channel. */
  readonly std: readonly number[];
  /** Order of the channels that the model expects. */
  readonly channels: ChannelOrder;
  readonly layout: PictureLayout;
}
