/** A handwritten seven for the sample model `digits`, which was not trained on it: 8x8 pixels from 0 (paper) to 16 (ink). */
// prettier-ignore
export const IMAGE_OF_SEVEN = [
  [0, 0, 9, 15, 16, 5, 0, 0],
  [0, 0, 16, 16, 16, 13, 0, 0],
  [0, 0, 0, 3, 16, 11, 0, 0],
  [0, 0, 2, 7, 16, 13, 10, 0],
  [0, 2, 15, 16, 16, 12, 4, 0],
  [0, 3, 13, 16, 10, 0, 0, 0],
  [0, 0, 7, 16, 2, 0, 0, 0],
  [0, 0, 12, 13, 0, 0, 0, 0],
];
