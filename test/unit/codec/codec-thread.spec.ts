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

const answer = (tensor: Tensor, binaryOutput = false) => ({
  model: 'm',
  version: '1',
  outputs: [tensor],
  requested: [],
  binaryOutput,
});

describe('the codec thread', () => {
  const numbers = Array.from({ length: COUNT }, (_, index) => index);
  const tensor = tensorOf('INT32', numbers);
  const folder = compileCodec();
  const compiled = (name: string): unknown => require(join(folder, 'src', `${name}.js`));
  const { v2Dialect } = compiled('rest/v2/v2.dialect') as typeof import('../../../src/rest/v2/v2.dialect');
  const { generateDialect } = compiled(
    'rest/generate/generate.dialect',
  ) as typeof import('../../../src/rest/generate/generate.dialect');
  const { nexusDialect } = compiled(
    'rest/predict/predict.dialect',
  ) as typeof import('../../../src/rest/predict/predict.dialect');
  const decode = (body: Buffer, headerLength?: number) =>
    codec.decode(v2Dialect, body, { headerLength, raw: undefined, anyBytes: false });
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
    expect(decode(input([1]))).toMatchObject({ inputs: [{ shape: [1] }] });
    expect(codec.encode(v2Dialect, answer(tensorOf('INT32', [1])))).toMatchObject({
      json: expect.stringContaining('"data":[1]') as string,
    });
    expect(codec.encode(v2Dialect, answer(tensor, true))).toMatchObject({ binary: [tensor.data] });
  });

  it('decodes much JSON', async () => {
    const request = decode(input(numbers));
    expect(request).toBeInstanceOf(Promise);
    expect(Buffer.compare((await request).inputs[0]?.data ?? Buffer.alloc(0), tensor.data)).toBe(0);
  });

  it('leaves a body alone that is a view of shared memory', async () => {
    const body = input(numbers);
    const shared = Buffer.concat([body, body]);
    const request = await decode(shared.subarray(0, body.length));
    expect(request.inputs[0]?.shape).toEqual([COUNT]);
    expect(shared.subarray(body.length).equals(body)).toBe(true);
  });

  it('checks many strings', async () => {
    const { data } = bytesTensor(Array.from({ length: COUNT }, () => 'ab'));
    const parameters = { binary_data_size: data.length };
    const json = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', datatype: 'BYTES', shape: [COUNT], parameters }] }),
    );
    const request = decode(Buffer.concat([json, data]), json.length);
    expect(request).toBeInstanceOf(Promise);
    expect(Buffer.compare((await request).inputs[0]?.data ?? Buffer.alloc(0), data)).toBe(0);
  });

  it('decodes a large body of generate, and encodes its answer', async () => {
    const inputs = [{ name: 'x', datatype: 'INT32' as const, shape: [-1] }];
    const target = { model: 'm', inputs, outputNames: ['x'], batches: false };
    const request = codec.decode(generateDialect, Buffer.from(JSON.stringify({ x: numbers })), target);
    expect(request).toBeInstanceOf(Promise);
    expect(Buffer.compare((await request).inputs[0]!.data, tensor.data)).toBe(0);
    const { json } = await codec.encode(generateDialect, { ...answer(tensor), id: undefined });
    expect(JSON.parse(Buffer.from(json).toString())).toEqual({
      model_name: 'm',
      model_version: '1',
      x: numbers,
    });
  });

  it('decodes a large prediction, and encodes its answer', async () => {
    const inputs = [{ name: 'x', datatype: 'INT32' as const, shape: [-1] }];
    const target = { form: 'nexus' as const, inputs, tensorInputs: [], batches: false };
    const body = Buffer.from(JSON.stringify({ inputs: { x: numbers }, id: 'i' }));
    const decoding = codec.decode(nexusDialect, body, target);
    expect(decoding).toBeInstanceOf(Promise);
    const { id, layout, topK, inputs: decoded } = await decoding;
    expect(Buffer.compare(decoded[0]!.data, tensor.data)).toBe(0);
    const prediction = { ...answer(tensor), ...target, id, layout, topK, json: [], labels: {}, softmax: [] };
    const { json } = await codec.encode(nexusDialect, prediction);
    expect(JSON.parse(Buffer.from(json).toString())).toEqual({
      id: 'i',
      model: 'm',
      version: '1',
      outputs: { x: numbers },
    });
  });

  it('checks many strings from shared memory, and gives them back', async () => {
    const { data } = bytesTensor(Array.from({ length: COUNT }, () => 'ab'));
    const strings = { name: 'x', datatype: 'BYTES', shape: [COUNT], data: new Uint8Array(data) } as const;
    const checked = memory.check(strings, 'inputs[0]', false);
    expect(checked).toBeInstanceOf(Promise);
    expect(Buffer.compare((await checked).data, data)).toBe(0);
    const more = { ...strings, shape: [COUNT + 1], data: new Uint8Array(data) };
    await expect(memory.check(more, 'inputs[0]', false)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(
        /^inputs\[0\]\.parameters\.shared_memory_byte_size: .*element 100000 is incomplete$/,
      ) as string,
    });
  });

  it('refuses with the same errors', async () => {
    await expect(decode(input([...numbers, 'x']))).rejects.toMatchObject({
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
    const { json, binary } = await codec.encode(v2Dialect, answer(tensor));
    expect(binary).toEqual([]);
    expect(JSON.parse(Buffer.from(json).toString())).toMatchObject({
      outputs: [{ name: 'x', data: numbers }],
    });
    expect(tensor.data.byteLength).toBe(4 * COUNT);
  });

  it('encodes much JSON beside binary data', async () => {
    const outputs = [tensor, { ...tensor, name: 'y' }];
    const requested = [{ name: 'x', binary: true }];
    const { json, binary } = await codec.encode(v2Dialect, { ...answer(tensor), outputs, requested });
    expect(binary.map((bytes) => Buffer.compare(bytes, tensor.data))).toEqual([0]);
    expect(JSON.parse(Buffer.from(json).toString())).toMatchObject({
      outputs: [
        { name: 'x', parameters: { binary_data_size: tensor.data.byteLength } },
        { name: 'y', data: numbers },
      ],
    });
    expect(tensor.data.byteLength).toBe(4 * COUNT);
  });

  it('refuses to write more than JSON can carry', () => {
    const large = { ...tensor, datatype: 'UINT8' as const, data: new Uint8Array(2 ** 24 + 1) };
    expect(() => codec.encode(v2Dialect, answer(large))).toThrow('use infer with binary outputs');
  });
});
