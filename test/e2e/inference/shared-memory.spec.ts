import { status } from '@grpc/grpc-js';
import { bytesElements, bytesOf } from '../../fixtures/binary';
import { ONNX_NAME, type Datatype } from '../../fixtures/datatypes';
import { affine, echo, identities } from '../../fixtures/models';
import { ELEMENTS } from '../support/elements';
import { Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { split, withBinary } from '../support/http';
import { place, SharedRegions, typed } from '../support/shared-regions';
import { tearDown } from '../support/tear-down';

let models: Repository;
let regions: SharedRegions;
let client: GrpcClient;

beforeAll(async () => {
  models = new Repository().model('affine', affine()).model('identities', identities()).model('echo', echo());
  regions = await SharedRegions.start(models);
  client = new GrpcClient(regions.gateway.grpc);
});

afterEach(() => regions.unregister());

afterAll(() => tearDown(client, regions, models));

const TENSORS = Object.entries(ELEMENTS).map(([datatype, [, bytes]]) => ({
  input: { name: `in_${ONNX_NAME[datatype as Datatype]}`, datatype, shape: [1, 2] },
  output: `out_${ONNX_NAME[datatype as Datatype]}`,
  bytes,
}));
const ALL_BYTES = Buffer.concat(TENSORS.map(({ bytes }) => bytes));
/** Where each tensor lies when they lie one behind the other. */
const OFFSETS = TENSORS.map((_, index) =>
  TENSORS.slice(0, index).reduce((sum, { bytes }) => sum + bytes.length, 0),
);
const placeOf = (region: string, index: number) =>
  place(region, TENSORS[index]!.bytes.length, OFFSETS[index]);

const A = { name: 'a', key: '/a', offset: 3, byte_size: 8 };

describe('a region', () => {
  beforeEach(async () => {
    await regions.share('a', new Uint8Array(8));
    await regions.share('b', new Uint8Array(16));
  });

  it('is listed over REST until it is unregistered', async () => {
    const told = async (path = '') =>
      (await regions.gateway.send(`/v2/systemsharedmemory${path}/status`)).json();
    expect(await told()).toEqual([A, { name: 'b', key: '/b', offset: 3, byte_size: 16 }]);
    expect(await told('/region/a')).toEqual([A]);
    const { status: code, body } = await regions.unregister('a');
    expect([code, body.length]).toEqual([200, 0]);
    expect(await told('/region/a')).toEqual({
      error: "shared memory region 'a' not found; register it first",
    });
    expect((await told()).map(({ name }: { name: string }) => name)).toEqual(['b']);
    expect((await regions.unregister()).status).toBe(200);
    expect(await told()).toEqual([]);
    expect(regions.open).toEqual([]);
    expect((await regions.unregister('a')).status).toBe(200);
  });

  it('is listed over gRPC until it is unregistered', async () => {
    const told = async (name = '') => {
      const { response, error } = await client.call('SystemSharedMemoryStatus', { name });
      return error?.code ?? response.regions;
    };
    const a = { ...A, offset: '3', byte_size: '8' };
    expect(await told()).toMatchObject({ a, b: { byte_size: '16' } });
    expect(await told('a')).toEqual({ a });
    expect((await client.call('SystemSharedMemoryUnregister', { name: 'a' })).error).toBeUndefined();
    expect(await told('a')).toBe(status.NOT_FOUND);
    expect((await client.call('SystemSharedMemoryRegister', a)).error).toBeUndefined();
    expect(await told()).toMatchObject({ a, b: {} });
    expect((await client.call('SystemSharedMemoryUnregister')).error).toBeUndefined();
    expect(await told()).toEqual({});
    expect(regions.open).toEqual([]);
  });

  it('may be registered without a slash or offset, and together with another region of the same file', async () => {
    expect((await regions.register('c', { key: 'a', byte_size: 14 })).status).toBe(200);
    const [, , c] = (await regions.gateway.send('/v2/systemsharedmemory/status')).json();
    expect(c).toEqual({ name: 'c', key: 'a', offset: 0, byte_size: 14 });
  });

  it('is an extension that both protocols tell of', async () => {
    expect((await regions.gateway.send('/v2')).json().extensions).toContain('system_shared_memory');
    const { response } = await client.call('ServerMetadata');
    expect(response.extensions).toContain('system_shared_memory');
  });
});

describe('tensors of every datatype', () => {
  beforeEach(async () => {
    await regions.share('in', ALL_BYTES);
    await regions.share('out', new Uint8Array(ALL_BYTES.length));
  });

  it('are read from a region and written to one, over REST', async () => {
    const { status: code, body } = await regions.gateway.infer('identities', {
      inputs: TENSORS.map(({ input }, index) => ({ ...input, parameters: placeOf('in', index) })),
      outputs: TENSORS.map(({ output }, index) => ({ name: output, parameters: placeOf('out', index) })),
    });
    expect(code).toBe(200);
    expect(body.outputs).toEqual(
      TENSORS.map(({ input: { datatype, shape }, output }) => ({ name: output, datatype, shape })),
    );
    expect(regions.read('out')).toEqual(ALL_BYTES);
  });

  it('are read from a region and written to one, over gRPC', async () => {
    const { response, error } = await client.call('ModelInfer', {
      model_name: 'identities',
      inputs: TENSORS.map(({ input }, index) => ({ ...input, parameters: typed(placeOf('in', index)) })),
      outputs: TENSORS.map(({ output }, index) => ({
        name: output,
        parameters: typed(placeOf('out', index)),
      })),
    });
    expect(error).toBeUndefined();
    expect(response.outputs[1]).toEqual({
      name: 'out_UINT8',
      datatype: 'UINT8',
      shape: ['1', '2'],
      contents: null,
      parameters: {
        shared_memory_region: expect.objectContaining({ string_param: 'out' }),
        shared_memory_byte_size: expect.objectContaining({ int64_param: '2' }),
        shared_memory_offset: expect.objectContaining({ int64_param: '2' }),
      },
    });
    expect(response.raw_output_contents).toEqual(TENSORS.map(() => Buffer.of()));
    expect(regions.read('out')).toEqual(ALL_BYTES);
  });

  /** Whether a tensor is in shared memory where only some are. */
  const isShared = (index: number) => index % 2 === 0;
  const inPlace = TENSORS.filter((_, index) => !isShared(index)).map(({ bytes }) => bytes);
  const written = Buffer.concat(
    TENSORS.map(({ bytes }, index) => (isShared(index) ? bytes : Buffer.alloc(bytes.length))),
  );

  it('may be sent together with binary tensors', async () => {
    const message = {
      inputs: TENSORS.map(({ input, bytes }, index) => ({
        ...input,
        parameters: isShared(index) ? placeOf('in', index) : { binary_data_size: bytes.length },
      })),
      outputs: TENSORS.map(({ output }, index) => ({
        name: output,
        parameters: isShared(index) ? placeOf('out', index) : { binary_data: true },
      })),
    };
    const answer = await regions.gateway.send('/v2/models/identities/infer', {
      method: 'POST',
      ...withBinary(message, ...inPlace),
    });
    expect(answer.status).toBe(200);
    const { json, binary } = split(answer);
    expect(json.outputs.map(({ parameters }: { parameters: object }) => parameters)).toEqual(
      TENSORS.map(({ bytes }, index) => (isShared(index) ? undefined : { binary_data_size: bytes.length })),
    );
    expect(binary).toEqual(Buffer.concat(inPlace));
    expect(regions.read('out')).toEqual(written);
  });

  it('may be sent together with raw contents', async () => {
    const { response, error } = await client.call('ModelInfer', {
      model_name: 'identities',
      inputs: TENSORS.map(({ input }, index) =>
        isShared(index) ? { ...input, parameters: typed(placeOf('in', index)) } : input,
      ),
      outputs: TENSORS.map(({ output }, index) =>
        isShared(index) ? { name: output, parameters: typed(placeOf('out', index)) } : { name: output },
      ),
      raw_input_contents: inPlace,
    });
    expect(error).toBeUndefined();
    expect(response.raw_output_contents).toEqual(
      TENSORS.map(({ bytes }, index) => (isShared(index) ? Buffer.of() : bytes)),
    );
    expect(regions.read('out')).toEqual(written);
  });
});

it('tensors may come beside those in JSON and in typed contents', async () => {
  await regions.share('x', bytesOf(Float32Array.of(1, 2)));
  const x = { name: 'x', datatype: 'FP32', shape: [1, 2], parameters: place('x', 8) };
  expect((await regions.gateway.infer('affine', { inputs: [x] })).body.outputs[0].data).toEqual([3, 5]);
  const contents = { fp32_contents: [3, 4] };
  const { response } = await client.call('ModelInfer', {
    model_name: 'affine',
    inputs: [{ ...x, parameters: {}, contents }],
    outputs: [{ name: 'y', parameters: typed(place('x', 8)) }],
  });
  expect(response.outputs[0].parameters.shared_memory_offset).toBeUndefined();
  expect(regions.read('x')).toEqual(bytesOf(Float32Array.of(7, 9)));
});

it('large tensors come through, also text, which is checked on another thread', async () => {
  const floats = Float32Array.from({ length: 2 ** 19 }, (_, index) => index);
  const texts = bytesElements(Array.from({ length: 50_000 }, (_, index) => `text ${index}`));
  await regions.share('floats', bytesOf(floats));
  await regions.share('texts', texts);
  const inPlace = (region: string, bytes: ArrayBufferView) => ({
    parameters: place(region, bytes.byteLength),
  });
  const x = { name: 'x', datatype: 'FP32', shape: [1, 2 ** 19], ...inPlace('floats', floats) };
  await regions.gateway.infer('affine', {
    inputs: [x],
    outputs: [{ name: 'y', ...inPlace('floats', floats) }],
  });
  expect(Buffer.compare(regions.read('floats'), bytesOf(floats.map((value) => 2 * value + 1)))).toBe(0);
  const text = { name: 'x', datatype: 'BYTES', shape: [50_000, 1], ...inPlace('texts', texts) };
  const { body } = await regions.gateway.infer('echo', {
    inputs: [text],
    outputs: [{ name: 'y', ...inPlace('texts', texts) }],
  });
  expect(body.outputs[0]).not.toHaveProperty('data');
  expect(Buffer.compare(regions.read('texts'), texts)).toBe(0);
});
