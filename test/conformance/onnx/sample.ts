/** Tests that `npm test` compares. */
export const SAMPLE: readonly string[] = ['test_abs', 'test_softmax_axis_0'];
