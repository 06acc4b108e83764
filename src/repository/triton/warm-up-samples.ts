import type { WarmUpSample } from '../model-settings';
import { readInnerFile, WARM_UP_BYTES } from '../inner-file';
import { ELEMENT_BYTES, elementCount, type TensorSpec } from '../../tensor/tensor';
import { Fault } from './text/fault';
import type { ModelConfig, WarmUpConfig } from './model-config';
import { positionOf } from './text/read-message';
import { declaredDatatypeOf, dimsOf } from './tensors';

type Entry = NonNullable<WarmUpConfig['inputs']>[number];

/** Folder next to the version folders with the warm-up files. */
const FOLDER = 'warmup';

/**
 * Reads the warm-ups of `config` and their files. Samples with batch_size 0 are skipped, as in Triton.
 * @throws Fault
 */
export async function warmUpSamplesOf(
  config: ModelConfig,
  folder: string,
  repository: string,
): Promise<readonly WarmUpSample[]> {
  const batched = (config.max_batch_size ?? 0) > 0;
  const samples = (config.model_warmup ?? []).filter(({ batch_size: rows = 0 }) => rows > 0);
  return Promise.all(
    samples.map(async ({ batch_size: rows = 1, inputs = [], count = 0 }) => ({
      count: count === 0 ? 1 : count,
      inputs: await Promise.all(inputs.map((entry) => tensorOf(entry, batched, rows, folder, repository))),
    })),
  );
}

async function tensorOf(
  entry: Entry,
  batched: boolean,
  rows: number,
  folder: string,
  repository: string,
): Promise<WarmUpSample['inputs'][number]> {
  const { key: name = '', value: input = {} } = entry;
  const what = `warm-up input '${name}'`;
  const dims = dimsOf(input, what);
  if (dims.includes(-1))
    throw new Fault(
      { line: positionOf(input, 'dims').line },
      `dims of ${what}: expected fixed sizes, got -1; set the size`,
    );
  const datatype = declaredDatatypeOf(input, what);
  const shape = batched ? [rows, ...dims] : dims;
  const { input_data_file: file, random_data: random = false } = input;
  if (file === undefined) return { name, datatype, shape, fill: random ? 'random' : 'zeros' };
  const row = await contentOf(file, input, { name, datatype, shape: dims }, folder, repository);
  return { name, datatype, shape, fill: batched ? Array.from({ length: rows }, () => row) : [row] };
}

/** The content of a data file, which contains one row. */
async function contentOf(
  file: string,
  input: object,
  { name, datatype, shape }: TensorSpec,
  folder: string,
  repository: string,
): Promise<Uint8Array> {
  const { line } = positionOf(input, 'input_data_file');
  const path = `${FOLDER}/${file}`;
  const content = await readInnerFile(folder, path, repository, WARM_UP_BYTES).catch((error: Error) => {
    throw new Fault({ line }, `the file '${path}' cannot be read: ${error.message}`);
  });
  const size = elementCount(shape) * ELEMENT_BYTES[datatype];
  if (datatype === 'BYTES' || content.byteLength === size) return content;
  throw new Fault(
    { line },
    `the file '${path}': expected ${size} bytes, one row of '${name}', got ${content.byteLength}`,
  );
}
