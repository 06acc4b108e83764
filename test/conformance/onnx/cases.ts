import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Tensor } from '../tensor.ts';

/** A backend test: the name of its model, and the sets of inputs it comes with, or what the protocol cannot carry of it. */
export interface BackendTest {
  readonly name: string;
  readonly sets: readonly (readonly Tensor[])[];
  readonly unfit: string | undefined;
}

interface Line {
  readonly name: string;
  readonly sets?: readonly (readonly (Omit<Tensor, 'bytes'> & { readonly data: string })[])[];
  readonly unfit?: string;
}

const MOST_BYTES = 2 ** 28;

/**
 * Writes the models of the backend tests to `folder` with the Python that has the onnx wheel, and resolves to the tests:
 * those named, or all of them. Each comes twice, as it is and, `-dynamic`, with a symbol for first dimension.
 */
export async function exportTests(
  python: string,
  folder: string,
  names: readonly string[],
): Promise<BackendTest[]> {
  const args = ['test/conformance/onnx/export.py', folder, ...names];
  const { stdout } = await promisify(execFile)(python, args, { maxBuffer: MOST_BYTES });
  return stdout.trimEnd().split('\n').map(testOf);
}

function testOf(text: string): BackendTest {
  const { name, sets = [], unfit } = JSON.parse(text) as Line;
  return {
    name,
    unfit,
    sets: sets.map((set) =>
      set.map(({ data, ...head }) => ({ ...head, bytes: Buffer.from(data, 'base64') })),
    ),
  };
}
