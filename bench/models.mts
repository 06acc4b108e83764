import { floats, ints, model, node, value } from '../test/fixtures/onnx.ts';

/** Numbers of a small request: an image of 28 by 28 pixels. */
export const SMALL = 28 * 28;
/** Numbers of a large request: an RGB image of 224 by 224 pixels. */
export const LARGE = 224 * 224 * 3;

const HIDDEN = 128;
const CLASSES = 10;

/** A multilayer perceptron 784-128-10: so small that a request costs more than its run. */
export function smallPerceptron(): Uint8Array {
  return model({
    input: [value('x', 'FLOAT', ['batch', SMALL])],
    output: [value('y', 'FLOAT', ['batch', CLASSES])],
    initializer: [weights('first', SMALL, HIDDEN), weights('second', HIDDEN, CLASSES)],
    node: [
      node('MatMul', ['x', 'first'], ['hidden']),
      node('Relu', ['hidden'], ['activated']),
      node('MatMul', ['activated', 'second'], ['y']),
    ],
  });
}

/** `y`, the sum of each row `x` of any width: a large request, a small response, and almost no work. */
export function sum(): Uint8Array {
  return model({
    input: [value('x', 'FLOAT', ['batch', 'width'])],
    output: [value('y', 'FLOAT', ['batch', 1])],
    initializer: [ints('axes', [1], [1])],
    node: [node('ReduceSum', ['x', 'axes'], ['y'])],
  });
}

function weights(name: string, rows: number, columns: number) {
  const values = Float32Array.from({ length: rows * columns }, (_, index) => ((index % 199) - 99) / 1000);
  return floats(name, [rows, columns], values);
}
