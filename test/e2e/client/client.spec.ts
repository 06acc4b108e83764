import { Nexus, NexusError, tensor, type Datatype } from '../../../clients/typescript/src/index.ts';
import type { Models } from '../../../clients/typescript/src/models.ts';
import { affine, dot, identities } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const IMAGE = Array.from({ length: 8 }, (_, row) =>
  Array.from({ length: 8 }, (_unused, x) => (row * x) % 17),
);

/** What a call that must fail throws. */
async function failure(call: Promise<unknown>): Promise<NexusError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(NexusError);
  return thrown as NexusError;
}

describe('with the sample models', () => {
  let gateway: Gateway;
  let nexus: Nexus<Models>;
  beforeAll(async () => {
    gateway = await Gateway.start('./models');
    nexus = new Nexus<Models>({ url: `${gateway.url}/` });
  });
  afterAll(() => gateway.stop());

  it('predicts one item, several, and instances, each answered in its own form', async () => {
    const item = await nexus.predict('language', { inputs: { text: 'Where is the station?' } });
    expect(item).toMatchObject({ model: 'language', version: '1', outputs: { label: 'en' } });
    expect(item.outputs.probabilities).toHaveLength(16);
    expect(item.classes?.probabilities?.[0]?.label).toBe('en');

    const texts = ['Where is the station?', 'Où est la gare ?'];
    const rows = await nexus.predict('language', { inputs: { text: texts }, top_k: 1 });
    expect(rows.outputs.label).toEqual(['en', 'fr']);
    expect(rows.classes?.probabilities?.map(([first]) => first?.label)).toEqual(['en', 'fr']);

    const instances = texts.map((text) => ({ text }));
    const { predictions } = await nexus.predict('language', { instances, outputs: ['label'] });
    expect(predictions).toEqual([{ label: 'en' }, { label: 'fr' }]);
  });

  it('infers with tensors in and out, as exactly as they are', async () => {
    const image = Float32Array.from(IMAGE.flat());
    const { outputs, ...named } = await nexus.infer('digits', { image: tensor(image, [1, 8, 8]) });
    expect(named).toMatchObject({ model: 'digits', version: '1', requestId: expect.any(String) });
    expect(outputs.label).toEqual({ datatype: 'INT64', shape: [1], data: expect.any(BigInt64Array) });
    expect(outputs.probabilities).toMatchObject({ datatype: 'FP32', shape: [1, 10] });

    const { outputs: item } = await nexus.predict('digits', { inputs: { image: IMAGE } });
    expect(Number(outputs.label.data[0])).toBe(item.label);
    expect([...outputs.probabilities.data]).toEqual(
      item.probabilities.map((share) => Math.fround(Number(share))),
    );

    const chosen = await nexus.infer(
      'digits',
      { image: tensor(image, [1, 8, 8]) },
      { outputs: ['label'], version: '1' },
    );
    expect(Object.keys(chosen.outputs)).toEqual(['label']);
  });

  it('names a request and tells the name', async () => {
    const request = { inputs: { text: 'Guten Tag' }, id: 'greeting' };
    const named = await nexus.predict('language', request, { requestId: 'mine-1' });
    expect(named).toMatchObject({ id: 'greeting', requestId: 'mine-1' });
    expect((await nexus.predict('language', request)).requestId).toMatch(/./);
    await gateway.logged(({ requestId }) => requestId === 'mine-1');
  });

  it('tells of the models and of the server', async () => {
    expect(await nexus.models()).toEqual([
      'bitmap-blocks',
      'breast-tumor',
      'digits',
      'digits-from-bitmap',
      'language',
      'sentences',
      'text-direction',
    ]);
    expect(await nexus.model('digits')).toMatchObject({
      name: 'digits',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 8, 8] }],
    });
    expect(await nexus.ready()).toBe(true);
    expect(await nexus.ready('digits')).toBe(true);
  });

  it('throws what the gateway says, on both of its forms of errors', async () => {
    const anything = new Nexus({ url: gateway.url, retries: 0 });
    const options = { requestId: 'wrong-1' };
    expect(await failure(anything.predict('digits', { inputs: { image: [1] } }, options))).toMatchObject({
      status: 400,
      code: 'invalid_input',
      param: expect.stringContaining('image'),
      requestId: 'wrong-1',
      message: expect.stringContaining('image'),
    });
    const wrong = anything.infer('digits', { image: tensor(new Float32Array(4), [1, 4]) }, options);
    expect(await failure(wrong)).toMatchObject({
      status: 400,
      code: undefined,
      requestId: 'wrong-1',
      message: expect.stringContaining('image'),
    });
    expect((await failure(anything.ready('unknown'))).status).toBe(404);
  });
});

describe('with any model', () => {
  let repository: Repository;
  let gateway: Gateway;
  let nexus: Nexus;
  beforeAll(async () => {
    repository = new Repository()
      .model('affine', affine())
      .model('dot', dot())
      .model('identities', identities());
    gateway = await Gateway.start(repository);
    nexus = new Nexus({ url: gateway.url });
  });
  afterAll(() => tearDown(gateway, repository));

  it('sends and receives tensors of every datatype, wherever their bytes lie', async () => {
    const apart = new Float32Array(5).subarray(1, 4).fill(1.5);
    const inputs = {
      in_BOOL: tensor(Uint8Array.of(0, 1, 1), [1, 3], 'BOOL'),
      in_UINT8: tensor(Uint8Array.of(0, 1, 255), [1, 3]),
      in_UINT16: tensor(Uint16Array.of(0, 1, 65535), [1, 3]),
      in_UINT32: tensor(Uint32Array.of(0, 1, 2 ** 32 - 1), [1, 3]),
      in_UINT64: tensor(BigUint64Array.of(0n, 1n, 2n ** 64n - 1n), [1, 3]),
      in_INT8: tensor(Int8Array.of(-128, 0, 127), [1, 3]),
      in_INT16: tensor(Int16Array.of(-32768, 0, 32767), [1, 3]),
      in_INT32: tensor(Int32Array.of(-1, 0, 1), [1, 3]),
      in_INT64: tensor(BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 53n + 1n), [1, 3]),
      in_FLOAT16: tensor(Uint16Array.of(0x3c00, 0x0001, 0xfc00), [1, 3], 'FP16'),
      in_FLOAT: tensor(apart, [1, 3]),
      in_DOUBLE: tensor(Float64Array.of(Number.NaN, -0, Number.MIN_VALUE), [1, 3]),
      in_STRING: tensor(['', 'Ein schöner Tag', '😀'], [1, 3]),
    };
    const { outputs } = await nexus.infer('identities', inputs);
    for (const [name, input] of Object.entries(inputs)) {
      const output = outputs[name.replace('in_', 'out_')]!;
      const data = input.datatype === 'FP16' ? Float16Array.of(1, 2 ** -24, -Infinity) : input.data;
      expect(output).toEqual({ ...input, data });
    }
    expect(new Set(Object.values(outputs).map(({ datatype }): Datatype => datatype)).size).toBe(13);
  });

  it('sends and receives tensors without elements, and halves as numbers', async () => {
    const empty = await nexus.infer('affine', { x: tensor(new Float32Array(0), [0, 2]) });
    expect(empty.outputs['y']).toEqual({ datatype: 'FP32', shape: [0, 2], data: new Float32Array(0) });
    expect(tensor(Float16Array.of(0.5), [1])).toMatchObject({ datatype: 'FP16' });
  });

  it('predicts with a model that does not batch', async () => {
    const { outputs } = await nexus.predict('dot', { inputs: { a: [1, 2, 3], b: [1, 1, 1] } });
    expect(outputs).toEqual({ product: 6 });
  });

  it('refuses a tensor of another size than its shape', () => {
    expect(() => tensor(new Float32Array(3), [2, 2])).toThrow(
      'expected 4 elements for the shape [2,2], got 3',
    );
  });
});
