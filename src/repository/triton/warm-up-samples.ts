import type { WarmUpSample } from '../model-settings';
import { readInnerFile, WARM_UP_BYTES } from '../inner-file';
import { ELEMENT_BYTES, elementCount, type TensorSpec } from '../../tensor/tensor';
import { Fault } from './text/fault';
import type { ModelConfig, WarmUpConfig } from './model-config';
import { positionOf } from './text/read-message';
import { declaredDatatypeOf, dimsOf } from './tensors';

type Entry = NonNullable<WarmUpConfig['inputs']>[number];

/** Folder, beside the versions, of the files that warm-ups name. */
const FOLDER = 'warmup';

/**
 * The warm-ups of `config`, with what their files hold. One of no rows is passed over, as Triton does.
 * @throws Fault
 */
export async function warmUpSamplesOf(
  config: ModelConfig,
  folder: string,
  repository: string,
): Promise<readonly WarmUpSample[]> {
  const batched = (config.max_batch_size ?? 0) > 0;
  const wanted = (config.model_warmup ?? []).filter(({ batch_size: rows = 0 }) => rows > 0);
  return Promise.all(
    wanted.map(async ({ batch_size: rows = 1, inputs = [], count = 0 }) => ({
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
    throw new Fault({ line: positionOf(input, 'dims').line }, `${what} has -1 among its dims; give the size`);
  const datatype = declaredDatatypeOf(input, what);
  const shape = batched ? [rows, ...dims] : dims;
  const { input_data_file: file, random_data: random = false } = input;
  if (file === undefined) return { name, datatype, shape, fill: random ? 'random' : 'zeros' };
  const one = await contentOf(file, input, { name, datatype, shape: dims }, folder, repository);
  return { name, datatype, shape, fill: batched ? Array.from({ length: rows }, () => one) : [one] };
}

/** The bytes of a data file, which has one row. */
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
    `the file '${path}' has ${content.byteLength} bytes; '${name}' needs ${size} for one row`,
  );
}
