import { errors } from '../../common/errors';
import type { Tensor } from '../../tensor/tensor';
import type { OutputRequest } from '../request/inference-request';
import type { InputCheck } from './input-check';
import type { MemorySlice, PlacedTensor } from './memory-slice';
import type { Region } from './region';

/** The regions that a request uses, by name. They stay open until the request releases them. */
export class HeldRegions {
  constructor(
    private readonly regions: ReadonlyMap<string, Region>,
    private readonly inputs: InputCheck,
  ) {
    for (const region of regions.values()) region.hold();
  }

  /**
   * Returns `inputs` with the data of those in a region. BYTES must be text unless `anyBytes`. Rejects with a NexusError
   * if the data does not fit the tensor.
   */
  read(inputs: readonly PlacedTensor[], anyBytes: boolean): Promise<readonly Tensor[]> {
    return Promise.all(inputs.map((input, index) => this.readInput(input, `inputs[${index}]`, anyBytes)));
  }

  /**
   * Writes each of `outputs` for which `requested`, in the same order, has a slice, and returns the outputs with their
   * actual slices. Rejects with a NexusError if one does not fit; then it writes none.
   */
  async write(
    outputs: readonly Tensor[],
    requested: readonly OutputRequest[],
  ): Promise<readonly PlacedTensor[]> {
    for (const [index, output] of outputs.entries()) requireRoom(output, requested[index]?.slice);
    return Promise.all(outputs.map((output, index) => this.writeOutput(output, requested[index]?.slice)));
  }

  /** Releases the regions. */
  async release(): Promise<void> {
    await Promise.all([...this.regions.values()].map((region) => region.release()));
  }

  private async readInput(input: PlacedTensor, path: string, anyBytes: boolean): Promise<Tensor> {
    if (input.slice === undefined) return input;
    const {
      name,
      datatype,
      shape,
      slice: { region, offset, byteSize },
    } = input;
    const data = await this.regions.get(region)!.read(offset, byteSize);
    return this.inputs.check({ name, datatype, shape, data }, path, anyBytes);
  }

  private async writeOutput(output: Tensor, slice: MemorySlice | undefined): Promise<PlacedTensor> {
    if (slice === undefined) return output;
    const { name, datatype, shape, data } = output;
    const { region, offset } = slice;
    await this.regions.get(region)!.write(offset, data);
    return {
      name,
      datatype,
      shape,
      data: new Uint8Array(0),
      slice: { region, offset, byteSize: data.byteLength },
    };
  }
}

function requireRoom({ name, data }: Tensor, slice: MemorySlice | undefined): void {
  if (slice === undefined || data.byteLength <= slice.byteSize) return;
  throw errors.invalidInput(
    `output '${name}' has ${data.byteLength} bytes, but shared_memory_byte_size allows only ${slice.byteSize} in region '${slice.region}'`,
    `outputs.${name}`,
  );
}
