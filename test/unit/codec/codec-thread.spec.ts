import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { InputCheck } from '../../../src/inference/shared-memory/input-check';
import type { Codec } from '../../../src/rest/codec/codec';
import type { Tensor } from '../../../src/tensor/tensor';
import { compileCodec } from './compiled';
import { bytesTensor, tensorOf } from './tensors';

const COUNT = 100_000;

const input = (data: unknown[], datatype = 'INT32') =>
  Buffer.from(JSON.stringify({ inputs: [{ name: 'x', datatype, shape: [data.length], data }] }));

const response = (tensor: Tensor) => ({ modelName: 'm', modelVersion: '1', outputs: [tensor] });

describe('the codec thread', () => {
  const numbers = Array.from({ length: COUNT }, (_, index) => index);
  const tensor = tensorOf('INT32', numbers);
  const folder = compileCodec();
  const compiled = (name: string): unknown => require(join(folder, 'src', `${name}.js`));
  let codec: Codec;
  let memory: InputCheck;

  beforeAll(() => {
    const { Codec } = compiled('rest/codec/codec') as typeof import('../../../src/rest/codec/codec');
    codec = new Codec();
    const { InputCheck } = compiled(
      'inference/shared-memory/input-check',
    ) as typeof import('../../../src/inference/shared-memory/input-check');
    memory = new InputCheck();
  });

  afterAll(async () => {
    await Promise.all([codec.onApplicationShutdown(), memory.onApplicationShutdown()]);
    rmSync(folder, { recursive: true });
  });

  it('is left out for small messages', () => {
    expect(codec.decode(input([1]))).toMatchObject({ inputs: [{ shape: [1] }] });
    expect(codec.encode(response(tensorOf('INT32', [1])), () => false)).toMatchObject({
      json: expect.stringContaining('"data":[1]') as string,
    });
    expect(codec.encode(response(tensor), () => true)).toMatchObject({ binary: [tensor.data] });
  });

  it('decodes much JSON', async () => {
    const request = codec.decode(input(numbers));
    expect(request).toBeInstanceOf(Promise);
    expect(Buffer.compare((await request).inputs[0]?.data ?? Buffer.alloc(0), tensor.data)).toBe(0);
  });

  it('leaves a body alone that is a view of shared memory', async () => {
    const body = input(numbers);
    const shared = Buffer.concat([body, body]);
    const request = await codec.decode(shared.subarray(0, body.length));
    expect(request.inputs[0]?.shape).toEqual([COUNT]);
    expect(shared.subarray(body.length).equals(body)).toBe(true);
  });

  it('checks many strings', async () => {
    const { data } = bytesTensor(Array.from({ length: COUNT }, () => 'ab'));
    const parameters = { binary_data_size: data.length };
    const json = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', datatype: 'BYTES', shape: [COUNT], parameters }] }),
    );
    const request = codec.decode(Buffer.concat([json, data]), json.length);
    expect(request).toBeInstanceOf(Promise);
    expect(Buffer.compare((await request).inputs[0]?.data ?? Buffer.alloc(0), data)).toBe(0);
  });

  it('decodes a large body of generate, and encodes its answer', async () => {
    const inputs = [{ name: 'x', datatype: 'INT32' as const, shape: [-1] }];
    const target = { model: 'm', inputs, outputNames: ['x'], batches: false };
    const request = codec.decodeGenerate(Buffer.from(JSON.stringify({ x: numbers })), target);
    expect(request).toBeInstanceOf(Promise);
    expect(Buffer.compare((await request).inputs[0]!.data, tensor.data)).toBe(0);
    const { json } = await codec.encodeGenerate(response(tensor));
    expect(JSON.parse(Buffer.from(json).toString())).toEqual({
      model_name: 'm',
      model_version: '1',
      x: numbers,
    });
  });

  it('checks many strings from shared memory, and gives them back', async () => {
    const { data } = bytesTensor(Array.from({ length: COUNT }, () => 'ab'));
    const strings = { name: 'x', datatype: 'BYTES', shape: [COUNT], data: new Uint8Array(data) } as const;
    const checked = memory.check(strings, 'inputs[0]');
    expect(checked).toBeInstanceOf(Promise);
    expect(Buffer.compare((await checked).data, data)).toBe(0);
    const more = { ...strings, shape: [COUNT + 1], data: new Uint8Array(data) };
    await expect(memory.check(more, 'inputs[0]')).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(
        /^inputs\[0\]\.parameters\.shared_memory_byte_size: .*element 100000 does not fit$/,
      ) as string,
    });
  });

  it('refuses with the same errors', async () => {
    await expect(codec.decode(input([...numbers, 'x']))).rejects.toMatchObject({
      name: 'NexusError',
      kind: 'invalid',
      code: 'invalid_input',
      message: expect.stringMatching(
        /^inputs\[0\]\.data\[100000\]: expected an integer .*, got "x"$/,
      ) as string,
      details: { param: 'inputs[0].data[100000]' },
    });
  });

  it('encodes much JSON, and leaves the tensors where they are', async () => {
    const { json, binary } = await codec.encode(response(tensor), () => false);
    expect(binary).toEqual([]);
    expect(JSON.parse(Buffer.from(json).toString())).toMatchObject({
      outputs: [{ name: 'x', data: numbers }],
    });
    expect(tensor.data.byteLength).toBe(4 * COUNT);
  });

  it('refuses to write more than JSON can carry', () => {
    const large = { ...tensor, datatype: 'UINT8' as const, data: new Uint8Array(2 ** 24 + 1) };
    expect(() => codec.encode(response(large), () => false)).toThrow('ask for binary outputs');
  });
});
