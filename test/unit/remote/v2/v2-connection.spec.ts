import fc from 'fast-check';
import type { TensorRequest } from '../../../../src/remote/connection';
import type { Tensor } from '../../../../src/tensor/tensor';
import { bytesTensor, tensor as anyTensor, tensorOf, withOneNaN } from '../../codec/tensors';
import { anAttempt, failureOf } from '../loopback';
import { FakeV2, model, type Scripted } from './fake-v2';

let fake: FakeV2;

beforeEach(async () => {
  fake = await FakeV2.start();
});

afterEach(() => fake.stop());

function requestOf(
  inputs: readonly Tensor[],
  outputs = inputs.map(({ name }) => name),
  priority = 0,
): TensorRequest {
  return { inputs, outputs, priority };
}

const THREE = requestOf([tensorOf('FP32', [1, 2, 3])]);

function named(tensors: readonly Tensor[]): readonly Tensor[] {
  return tensors.map((value, index) => ({ ...value, name: `t${index}` }));
}

function modelOf(tensors: readonly Tensor[]): unknown {
  const specs = tensors.map(({ name, datatype }) => ({ name, datatype, shape: [-1] }));
  return { platform: 'onnx', inputs: specs, outputs: specs };
}

/** Whether JSON has a form for every element. */
function isPlain({ datatype, data }: Tensor): boolean {
  if (datatype === 'FP16') return false;
  const bytes = new Uint8Array(data).buffer;
  if (datatype === 'FP32') return new Float32Array(bytes).every(Number.isFinite);
  return datatype !== 'FP64' || new Float64Array(bytes).every(Number.isFinite);
}

describe('tensors', () => {
  const some = fc.array(anyTensor, { minLength: 1, maxLength: 4 }).map(named);

  it.each([
    ['bytes', ['binary_tensor_data'], some],
    ['JSON', [], some.map((tensors) => tensors.filter(isPlain)).filter(({ length }) => length > 0)],
  ])(
    'of any datatype are the same after they were sent and received as %s',
    async (_form, extensions, tensors) => {
      fake.extensions = extensions;
      const connection = fake.connect();
      await fc.assert(
        fc.asyncProperty(tensors, async (inputs) => {
          fake.model = modelOf(inputs);
          await connection.describe(anAttempt());
          const outputs = await connection.infer(requestOf(inputs), anAttempt());
          expect(outputs.map(withOneNaN)).toEqual(inputs.map(withOneNaN));
        }),
      );
    },
  );

  it('are returned in the order of the request, and only those that it names', async () => {
    const inputs = named([tensorOf('FP32', [1]), tensorOf('FP32', [2]), tensorOf('FP32', [3])]);
    fake.model = modelOf(inputs);
    const outputs = await fake.connect().infer(requestOf(inputs, ['t2', 't0']), anAttempt());
    expect(outputs).toEqual([inputs[2], inputs[0]]);
  });

  it('differ between responses whose JSON is the same', async () => {
    const connection = fake.connect();
    for (const values of [
      [1, 2],
      [3, 4],
    ]) {
      const input = tensorOf('FP32', values);
      expect(await connection.infer(requestOf([input]), anAttempt())).toEqual([input]);
    }
  });

  it.each([
    ['NaN', tensorOf('FP32', [1, NaN]), 'NaN or an infinity'],
    ['an infinity', tensorOf('FP64', [Infinity]), 'NaN or an infinity'],
    ['bytes', { ...bytesTensor(['a']), data: Buffer.from([1, 0, 0, 0, 0xff]) }, 'not UTF-8'],
  ])('that JSON cannot express are not sent: %s', async (_name, input, message) => {
    fake.extensions = undefined;
    fake.model = modelOf([input]);
    const failure = await failureOf(fake.connect().infer(requestOf([input]), anAttempt()));
    expect(failure.kind).toBe('rejected');
    expect(failure.message).toContain(message);
    expect(fake.last).toBeUndefined();
  });
});

describe('options', () => {
  interface Sent {
    readonly parameters?: { readonly priority?: number; readonly timeout: number };
  }

  it('are sent to a target that understands them', async () => {
    const attempt = anAttempt();
    await fake.connect().infer({ ...THREE, priority: 2 }, attempt);
    const { parameters } = JSON.parse(fake.last!.json) as Sent;
    expect(parameters!.priority).toBe(2);
    // A minute, to two digits.
    expect(parameters!.timeout).toBe(60_000_000);
  });

  it('are not sent to another', async () => {
    fake.extensions = undefined;
    await fake.connect().infer({ ...THREE, priority: 2 }, anAttempt());
    expect(JSON.parse(fake.last!.json)).not.toHaveProperty('parameters');
    expect(fake.last!.headers['content-type']).toBe('application/json');
  });
});

describe('a check', () => {
  it('passes when the model is ready', async () => {
    await fake.connect({ version: '3' }).check(anAttempt());
    expect(fake.paths).toContain('/v2/models/digits/versions/3/ready');
  });

  it.each<[string, Scripted, string]>([
    ['400, as Triton does', { status: 400, json: '' }, 'failed'],
    ['503', { status: 503, json: '' }, 'failed'],
    ['404', { status: 404, json: '' }, 'misconfigured'],
    ['ready: false', { json: '{"ready": false}' }, 'failed'],
  ])('fails when the target answers %s', async (_name, ready, kind) => {
    fake.ready = ready;
    expect((await failureOf(fake.connect().check(anAttempt()))).kind).toBe(kind);
  });

  it('fails when the model cannot be used', async () => {
    fake.model = model('BF16', [-1]);
    const failure = await failureOf(fake.connect().check(anAttempt()));
    expect(failure.message).toContain('BF16');
  });

  it('that failed lets the target return with another model', async () => {
    const connection = fake.connect();
    await connection.infer(THREE, anAttempt());
    fake.ready = { status: 503, json: '' };
    await failureOf(connection.check(anAttempt()));
    fake.ready = { json: '' };
    fake.model = model('INT32', [2]);
    await connection.check(anAttempt());
    const input = tensorOf('INT32', [1, 2]);
    expect(await connection.infer(requestOf([input]), anAttempt())).toEqual([input]);
  });
});

describe('the description', () => {
  it('is that of the target', async () => {
    fake.model = model('FP32', [-1, 3], ['a', 'b']);
    const specs = ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: [-1, 3] }));
    const described = await fake.connect().describe(anAttempt());
    expect(described).toEqual({ platform: 'onnx', inputs: specs, outputs: specs });
  });

  it('is read once for all requests that wait for it, and a cancelled one does not wait', async () => {
    const gate = Promise.withResolvers<void>();
    fake.gate = gate.promise;
    const connection = fake.connect();
    const attempts = [anAttempt(), anAttempt(), anAttempt()];
    const [first, ...others] = attempts.map((attempt) => connection.infer(THREE, attempt));
    attempts[0]!.cancel();
    expect((await failureOf(first!)).kind).toBe('broken');
    gate.resolve();
    expect(await Promise.all(others)).toEqual([THREE.inputs, THREE.inputs]);
    expect(fake.paths.filter((path) => path === '/v2')).toHaveLength(1);
  });

  it.each<[string, unknown, readonly string[] | undefined]>([
    ['nothing', null, []],
    ['no outputs', { inputs: [], outputs: [] }, []],
    ['tensors without a name', { inputs: [], outputs: [{ datatype: 'FP32', shape: [1] }] }, []],
    ['a shape of text', { inputs: [], outputs: [{ name: 'x', datatype: 'FP32', shape: ['1'] }] }, []],
    ['a negative size', model('FP32', [-2]), []],
    ['FP16 without binary data', model('FP16', [1]), undefined],
  ])('is refused with %s', async (_name, metadata, extensions) => {
    fake.model = metadata;
    fake.extensions = extensions;
    const failure = await failureOf(fake.connect().describe(anAttempt()));
    expect(['garbage', 'misconfigured']).toContain(failure.kind);
  });
});

describe('a response', () => {
  const output = (fields: object) =>
    JSON.stringify({ outputs: [{ name: 'x', datatype: 'FP32', shape: [3], ...fields }] });
  const size = (binary_data_size: unknown) => ({ parameters: { binary_data_size } });
  const TWELVE = Buffer.alloc(12);

  it.each<[string, Scripted]>([
    ['is not JSON', { json: '<html>' }],
    ['is empty', { json: '' }],
    ['is an error with status 200', { json: '{"error": "no"}' }],
    ['has no form', { json: '{"outputs": [null]}' }],
    ['is nested deeply', { json: `{"outputs": ${'['.repeat(30_000)}` }],
    ['has neither data nor bytes', { json: output({}) }],
    ['has both data and bytes', { json: output({ data: [1, 2, 3], ...size(12) }), binary: TWELVE }],
    ['has too few elements', { json: output({ data: [1, 2] }) }],
    ['has elements of another kind', { json: output({ data: [1, 2, 'a'] }) }],
    ['has too few bytes', { json: output(size(12)), binary: Buffer.alloc(11) }],
    ['has too many bytes', { json: output(size(12)), binary: Buffer.alloc(13) }],
    ['has bytes for another shape', { json: output(size(8)), binary: Buffer.alloc(8) }],
    ['has a size that is no number', { json: output(size('12')), binary: TWELVE }],
    ['has a negative size', { json: output(size(-12)), binary: TWELVE }],
    ['has another datatype', { json: output({ datatype: 'INT32', ...size(12) }), binary: TWELVE }],
    ['has an unknown datatype', { json: output({ datatype: 'BF16', ...size(6) }), binary: Buffer.alloc(6) }],
    ['has another rank', { json: output({ shape: [1, 3], ...size(12) }), binary: TWELVE }],
    ['has a negative dimension', { json: output({ shape: [-3], ...size(12) }), binary: TWELVE }],
    ['has a huge shape', { json: output({ shape: [2 ** 52], ...size(12) }), binary: TWELVE }],
    ['has another output', { json: output({ name: 'y', ...size(12) }), binary: TWELVE }],
    ['has no outputs', { json: '{"outputs": []}' }],
    ['announces more JSON than there is', { json: output(size(12)), binary: TWELVE, jsonLength: 1000 }],
    ['announces less JSON than there is', { json: output(size(12)), binary: TWELVE, jsonLength: 5 }],
    ['announces no number', { json: output(size(12)), binary: TWELVE, jsonLength: '1e1' }],
  ])('that %s is refused', async (_name, scripted) => {
    fake.script = () => scripted;
    const connection = fake.connect();
    expect((await failureOf(connection.infer(THREE, anAttempt()))).kind).toBe('garbage');
    // Nothing of it was remembered.
    expect((await failureOf(connection.infer(THREE, anAttempt()))).kind).toBe('garbage');
    fake.script = undefined;
    expect(await connection.infer(THREE, anAttempt())).toEqual(THREE.inputs);
  });

  it.each([
    ['BYTES whose last element is incomplete', bytesTensor(['ab']), Buffer.from([3, 0, 0, 0, 97, 98])],
    ['BYTES with another number of elements', bytesTensor(['', '']), Buffer.from([0, 0, 0, 0])],
    ['BOOL other than 0 and 1', tensorOf('BOOL', [1]), Buffer.from([2])],
  ])('that has %s is refused', async (_name, input, data) => {
    fake.model = modelOf([input]);
    fake.change = ([value]) => [{ ...value!, data }];
    expect((await failureOf(fake.connect().infer(requestOf([input]), anAttempt()))).kind).toBe('garbage');
  });

  it('of another model is refused', async () => {
    fake.model = model('FP32', [4]);
    const failure = await failureOf(fake.connect().infer(THREE, anAttempt()));
    expect(failure).toMatchObject({ kind: 'garbage', message: expect.stringContaining('[4]') as string });
  });

  it('with random damage is read, or refused', async () => {
    const damage = fc.record({ at: fc.nat(), remove: fc.nat(4), insert: fc.uint8Array({ maxLength: 4 }) });
    const connection = fake.connect();
    const whole = Buffer.concat([Buffer.from(output(size(12))), TWELVE]);
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        let body = whole;
        for (const { at, remove, insert } of damages) {
          const start = at % (body.length + 1);
          body = Buffer.concat([body.subarray(0, start), insert, body.subarray(start + remove)]);
        }
        fake.script = () => ({ json: '', binary: body, jsonLength: whole.length - 12 });
        const outcome = await connection.infer(THREE, anAttempt()).catch((failure: Error) => failure);
        if (Array.isArray(outcome)) expect((outcome as Tensor[])[0]!.data).toHaveLength(12);
        else expect(outcome).toMatchObject({ name: 'TargetFailure', kind: 'garbage' });
      }),
    );
  });

  it('above the limit is refused', async () => {
    const failure = await failureOf(fake.connect({}, 100).infer(THREE, anAttempt()));
    expect(failure).toMatchObject({
      kind: 'garbage',
      message: expect.stringContaining('at most 100') as string,
    });
  });

  it('explains a mistake of the client', async () => {
    fake.script = () => ({ status: 400, json: '{"error": "no input named y"}' });
    expect(await failureOf(fake.connect().infer(THREE, anAttempt()))).toMatchObject({
      kind: 'rejected',
      message: 'no input named y',
    });
  });
});
