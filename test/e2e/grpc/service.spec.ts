import { status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { bytesElements, bytesOf } from '../../fixtures/binary';
import { ONNX_NAME, type Datatype } from '../../fixtures/datatypes';
import { affine, counter, echo, identities, lookup } from '../../fixtures/models';
import { countTo, int64, messageOf } from '../../fixtures/requests';
import { ELEMENTS } from '../support/elements';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('identities', identities())
    .model('typed', identities(['FLOAT16']))
    .model('echo', echo())
    .model('lookup', lookup())
    .model('narrow', counter(), 'max_queue_rows: 1\nmax_batch_rows: 1\n')
    .model('broken', Buffer.from('no model'), 'required: false\n');
  gateway = await Gateway.start(repository);
  client = new GrpcClient(gateway.grpc);
});

afterAll(() => tearDown(client, gateway, repository));

const X = { name: 'x', datatype: 'FP32', shape: [1, 2] };
const RAW_X = bytesOf(Float32Array.of(2, 3));
const AFFINE = { model_name: 'affine', inputs: [X], raw_input_contents: [RAW_X] };

describe('discovery', () => {
  it('reports that the server is live and ready', async () => {
    expect((await client.call('ServerLive')).response).toEqual({ live: true });
    expect((await client.call('ServerReady')).response).toEqual({ ready: true });
  });

  it('reports which models are ready', async () => {
    const ready = async (name: string, version = '') =>
      (await client.call('ModelReady', { name, version })).response;
    expect(await ready('affine')).toEqual({ ready: true });
    expect(await ready('affine', '1')).toEqual({ ready: true });
    expect(await ready('broken')).toEqual({ ready: false });
  });

  it('returns the metadata of the server and a model', async () => {
    expect((await client.call('ServerMetadata')).response).toMatchObject({ name: 'nexus' });
    const { response } = await client.call('ModelMetadata', { name: 'affine' });
    expect(response).toMatchObject({
      name: 'affine',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '-1'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['-1', '-1'] }],
      properties: { device: 'cpu', max_batch_rows: '64' },
    });
  });

  it('returns the configuration and the statistics of a model', async () => {
    const { response } = await client.call('ModelConfig', { name: 'affine' });
    expect(response.config).toMatchObject({
      name: 'affine',
      max_batch_size: 64,
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['-1'] }],
      instance_group: [{ kind: 'KIND_CPU' }],
    });
    await client.call('ModelInfer', AFFINE);
    const { response: of } = await client.call('ModelStatistics', { name: 'affine' });
    expect(of.model_stats).toMatchObject([{ name: 'affine', version: '1' }]);
    expect(Number(of.model_stats[0].inference_count)).toBeGreaterThan(0);
    const { response: all } = await client.call('ModelStatistics');
    expect(all.model_stats).toHaveLength(7);
  });

  it('lists the repository as REST does', async () => {
    expect((await client.call('RepositoryIndex')).response.models).toEqual(await gateway.index());
    const { response } = await client.call('RepositoryIndex', { ready: true });
    expect(response.models.map(({ name }: { name: string }) => name)).not.toContain('broken');
  });

  it('reads and changes trace and log settings', async () => {
    const of = (value: string) => ({ value: [value] });
    const { response: traced } = await client.call('TraceSetting', {
      model_name: 'affine',
      settings: { trace_level: of('TIMESTAMPS'), trace_rate: of('1') },
    });
    expect(traced.settings).toMatchObject({ trace_level: of('TIMESTAMPS'), trace_rate: of('1') });
    await client.call('ModelInfer', AFFINE, { 'x-request-id': 'traced' });
    const traces = () => gateway.logs.filter(({ msg }) => msg === 'trace');
    await gateway.until(() => traces().length > 0);
    expect(traces()).toMatchObject([{ requestId: 'traced', model: 'affine' }]);
    const cleared = { trace_level: { value: [] }, trace_rate: { value: [] } };
    const { response } = await client.call('TraceSetting', { model_name: 'affine', settings: cleared });
    expect(response.settings).toMatchObject({ trace_level: of('OFF'), trace_rate: of('1000') });

    const verbose = (level: number) => ({ settings: { log_verbose_level: { uint32_param: level } } });
    const { response: logged } = await client.call('LogSettings', verbose(1));
    expect(logged.settings).toMatchObject({
      log_verbose_level: { uint32_param: 1 },
      log_info: { bool_param: true },
      log_format: { string_param: 'default' },
    });
    await client.call('LogSettings', verbose(0));
    const wrong = await client.call('LogSettings', { settings: { log_info: { string_param: 'yes' } } });
    expect(wrong.error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'log_info: expected true or false, got "yes"',
    });
  });

  it.each(['System', 'Cuda'])('has no regions of %s shared memory', async (kind) => {
    const { response } = await client.call(`${kind}SharedMemoryStatus`);
    expect(response.regions).toEqual({});
    expect((await client.call(`${kind}SharedMemoryUnregister`)).error).toBeUndefined();
  });

  it('loads and unloads models with explicit control', async () => {
    const controlled = await Gateway.start(repository, { NEXUS_MODEL_CONTROL_MODE: 'explicit' });
    const control = new GrpcClient(controlled.grpc);
    expect((await control.call('RepositoryModelLoad', { model_name: 'affine' })).error).toBeUndefined();
    expect((await control.call('ModelReady', { name: 'affine' })).response).toEqual({ ready: true });
    const parameters = { unload_dependents: { bool_param: false } };
    const { error } = await control.call('RepositoryModelUnload', { model_name: 'affine', parameters });
    expect(error).toBeUndefined();
    expect((await control.call('ModelReady', { name: 'affine' })).error).toMatchObject({
      code: status.NOT_FOUND,
    });
    control.close();
    await controlled.stop();
  });

  it.each([
    ['ModelReady', { name: 'no' }, status.NOT_FOUND],
    ['ModelMetadata', { name: 'no' }, status.NOT_FOUND],
    ['ModelMetadata', { name: 'affine', version: '9' }, status.NOT_FOUND],
    ['ModelMetadata', { name: 'broken' }, status.UNAVAILABLE],
    ['ModelConfig', { name: 'no' }, status.NOT_FOUND],
    ['ModelStatistics', { name: 'no' }, status.NOT_FOUND],
    ['RepositoryModelLoad', { model_name: 'affine' }, status.INVALID_ARGUMENT],
    ['RepositoryModelUnload', { model_name: 'affine' }, status.INVALID_ARGUMENT],
    ['TraceSetting', { model_name: 'no' }, status.NOT_FOUND],
    ['SystemSharedMemoryRegister', { name: 'a' }, status.UNIMPLEMENTED],
    ['CudaSharedMemoryRegister', { name: 'a' }, status.UNIMPLEMENTED],
  ])('%s of %j is refused', async (method, message, code) => {
    const { error } = await client.call(method, message);
    expect(error).toMatchObject({
      code,
      details: expect.stringMatching(
        /not (found|ready|supported)|NEXUS_MODEL_CONTROL_MODE|NEXUS_SYSTEM_SHARED_MEMORY/,
      ),
    });
  });
});

describe('tensors', () => {
  const inputs = Object.entries(ELEMENTS).map(([datatype, [contents]]) => ({
    head: { name: `in_${ONNX_NAME[datatype as Datatype]}`, datatype, shape: [1, 2] },
    contents,
  }));
  const bytes = Object.values(ELEMENTS).map(([, content]) => content);

  it('of every datatype come back raw, exactly as they were sent', async () => {
    const message = { model_name: 'identities', id: 'mine', inputs: inputs.map(({ head }) => head) };
    const { response, error } = await client.call('ModelInfer', { ...message, raw_input_contents: bytes });
    expect(error).toBeUndefined();
    expect(response).toMatchObject({ model_name: 'identities', model_version: '1', id: 'mine' });
    expect(response.outputs).toMatchObject(
      inputs.map(({ head }) => ({ datatype: head.datatype, shape: ['1', '2'], contents: null })),
    );
    expect(response.raw_output_contents).toEqual(bytes);
  });

  it('of every datatype but FP16 may come as contents', async () => {
    const typed = inputs.filter(({ contents }) => contents !== undefined);
    const { response, error } = await client.call('ModelInfer', {
      model_name: 'typed',
      inputs: typed.map(({ head, contents }) => ({ ...head, contents })),
    });
    expect(error).toBeUndefined();
    expect(response.raw_output_contents).toEqual(bytes.filter((_, index) => inputs[index]!.contents));
  });

  it('may have no elements', async () => {
    const { response } = await client.call('ModelInfer', {
      model_name: 'affine',
      inputs: [{ ...X, shape: [1, 0] }],
    });
    expect(response).toMatchObject({
      outputs: [{ name: 'y', shape: ['1', '0'] }],
      raw_output_contents: [Buffer.of()],
    });
  });

  it('are only those asked for', async () => {
    const outputs = [{ name: 'out_INT8' }];
    const message = { model_name: 'identities', inputs: inputs.map(({ head }) => head), outputs };
    const { response } = await client.call('ModelInfer', { ...message, raw_input_contents: bytes });
    expect(response.outputs.map(({ name }: { name: string }) => name)).toEqual(['out_INT8']);
    expect(response.raw_output_contents).toEqual([ELEMENTS['INT8'][1]]);
  });
});

/** A client that sends bytes which are no message. */
function garbler(method: string): GrpcClient {
  const definition = loadSync('src/open-inference/inference.proto', { keepCase: true, defaults: true });
  const service = definition['inference.GRPCInferenceService'] as Record<
    string,
    { requestSerialize: unknown }
  >;
  service[method]!.requestSerialize = () => Buffer.of(0x0a, 0xff);
  return new GrpcClient(gateway.grpc, undefined, definition);
}

describe('a request that is wrong', () => {
  const contents = { fp32_contents: [2, 3] };
  const text = (bytes: Buffer, count = 1) => ({
    model_name: 'echo',
    inputs: [{ name: 'x', datatype: 'BYTES', shape: [1, count] }],
    raw_input_contents: [bytes],
  });

  it.each([
    [
      'both ways of sending',
      { inputs: [{ ...X, contents }] },
      /^inputs\[0\]\.contents: expected no contents together with raw/,
    ],
    [
      'fewer raw entries',
      { inputs: [X, { ...X, name: 'z' }] },
      /^raw_input_contents: expected 2 entries.*got 1$/,
    ],
    [
      'too few bytes',
      { raw_input_contents: [RAW_X.subarray(1)] },
      /expected 8 bytes for input 'x' \(FP32 \[1,2\]\), got 7/,
    ],
    [
      'too few elements',
      { inputs: [{ ...X, contents: { fp32_contents: [1] } }], raw_input_contents: [] },
      /expected 2 elements for shape \[1,2\], got 1/,
    ],
    ['no contents', { raw_input_contents: [] }, /expected 2 elements.*got 0; send all elements, or use raw/],
    [
      'the wrong contents',
      { inputs: [{ ...X, contents: { int_contents: [1, 2] } }], raw_input_contents: [] },
      /expected fp32_contents for FP32, got int_contents/,
    ],
    [
      'contents of FP16',
      { inputs: [{ ...X, datatype: 'FP16', contents }], raw_input_contents: [] },
      /no field supports FP16; send it in raw_input_contents/,
    ],
    [
      'contents out of range',
      { inputs: [{ ...X, datatype: 'INT8', contents: { int_contents: [1, 128] } }], raw_input_contents: [] },
      /int_contents\[1\]: expected a value in the range of INT8, got 128/,
    ],
    [
      'an unknown datatype',
      { inputs: [{ ...X, datatype: 'BF16' }] },
      /datatype: expected one of BOOL,.*got "BF16"/,
    ],
    ['another datatype', { inputs: [{ ...X, datatype: 'INT32' }] }, /expected datatype FP32, got INT32/],
    [
      'a negative dimension',
      { inputs: [{ ...X, shape: [-1, 2] }] },
      /shape: expected dimensions of 0 or more, got -1/,
    ],
    [
      'a vast shape',
      { inputs: [{ ...X, shape: ['9223372036854775807', 2] }] },
      /shape: expected a product below 2\^53/,
    ],
    ['another rank', { inputs: [{ ...X, shape: [2] }] }, /expected shape \[-1,-1\], got \[2\]/],
    ['no name', { inputs: [{ ...X, name: '' }] }, /inputs\[0\]\.name: expected the name of a tensor/],
    ['an input twice', { inputs: [X, X], raw_input_contents: [RAW_X, RAW_X] }, /expected unique names/],
    ['no input', { inputs: [], raw_input_contents: [] }, /missing input 'x'/],
    ['an unknown output', { outputs: [{ name: 'z' }] }, /unexpected output 'z'/],
    [
      'shared memory of no size',
      {
        inputs: [{ ...X, parameters: { shared_memory_region: { string_param: 'r' } } }],
        raw_input_contents: [],
      },
      /shared_memory_byte_size: expected a number of bytes/,
    ],
    [
      'a timeout that is none',
      { parameters: { timeout: { string_param: 'soon' } } },
      /parameters\.timeout: expected microseconds/,
    ],
    ['bytes that do not fit', text(Buffer.of(9, 0, 0, 0)), /element 0 is incomplete/],
    [
      'bytes left over',
      text(Buffer.concat([bytesElements(['a']), Buffer.of(0)])),
      /expected 5 bytes for the 1 elements/,
    ],
    ['bytes that are no text', text(bytesElements([Buffer.of(0xff)])), /expected text in UTF-8/],
  ])('with %s is INVALID_ARGUMENT and told why', async (_what, change, details) => {
    const { error } = await client.call('ModelInfer', { ...AFFINE, ...change });
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringMatching(details) });
  });

  it('with values that the model refuses is INVALID_ARGUMENT', async () => {
    const outside = { inputs: [int64('index', [1], [99])] };
    const { error } = await client.call('ModelInfer', messageOf('lookup', outside));
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/cannot run this input/),
    });
  });

  it.each([
    ['ModelInfer', /is not a valid ModelInferRequest message/],
    ['ModelMetadata', /is not a valid Protocol Buffers message/],
  ])('that is no message of %s is INVALID_ARGUMENT', async (method, details) => {
    const wrong = garbler(method);
    const { error } = await wrong.call(method);
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringMatching(details) });
    wrong.close();
  });

  it('that is no message leaves a stream open', async () => {
    const wrong = garbler('ModelStreamInfer');
    const stream = wrong.stream('ModelStreamInfer').send({}, {});
    expect(await stream.received(2)).toMatchObject([
      { error_message: expect.stringMatching(/is not a valid ModelInferRequest message/) },
      { error_message: expect.stringMatching(/is not a valid ModelInferRequest message/) },
    ]);
    wrong.close();
  });

  it.each([
    ['an unknown model', { model_name: 'no' }, status.NOT_FOUND, /model 'no' not found/],
    ['no model', { model_name: '' }, status.NOT_FOUND, /model '' not found/],
    ['an unknown version', { model_version: '2' }, status.NOT_FOUND, /version 2 not found/],
    ['a model that is not ready', { model_name: 'broken' }, status.UNAVAILABLE, /is not ready/],
    ['a name that is half a character', { model_name: '\ud800'.repeat(5000) }, status.NOT_FOUND, /^model/],
  ])('for %s', async (_what, change, code, details) => {
    const { error } = await client.call('ModelInfer', { ...AFFINE, ...change });
    expect(error).toMatchObject({ code, details: expect.stringMatching(details) });
  });
});

describe('an answer', () => {
  it('carries the id of the request, the client’s or a new one, and leaves a line in the log', async () => {
    const { headers } = await client.call('ModelInfer', AFFINE, { 'x-request-id': 'grpc-1' });
    expect(headers.get('x-request-id')).toEqual(['grpc-1']);
    const { trailers } = await client.call('ModelInfer', {}, { 'x-request-id': 'grpc-2' });
    expect(trailers.get('x-request-id')).toEqual(['grpc-2']);
    const { headers: made } = await client.call('ModelInfer', AFFINE, { 'x-request-id': 'not visible' });
    expect(made.get('x-request-id')[0]).toMatch(/^[0-9a-f-]{36}$/);
    const line = (id: string) => gateway.logs.find(({ requestId }) => requestId === id);
    await gateway.until(() => line('grpc-2') !== undefined);
    expect(line('grpc-1')).toMatchObject({
      route: '/inference.GRPCInferenceService/ModelInfer',
      status: 'OK',
      model: 'affine',
      version: '1',
      rows: 1,
      runMs: expect.any(Number),
    });
    expect(line('grpc-2')).toMatchObject({ status: 'NOT_FOUND' });
  });

  it('is counted', async () => {
    const series = (code: string) =>
      `nexus_grpc_requests_total{method="/inference.GRPCInferenceService/ModelInfer",code="${code}"}`;
    const before = (await gateway.metric(series('OK'))) ?? 0;
    await client.call('ModelInfer', AFFINE);
    expect(await gateway.metric(series('OK'))).toBe(before + 1);
    expect(await gateway.metric(series('INVALID_ARGUMENT'))).toBeGreaterThan(0);
    expect(await gateway.metric(series('INTERNAL'))).toBeUndefined();
    expect(await gateway.metric(series('UNKNOWN'))).toBeUndefined();
  });

  it('to a full queue says when to try again', async () => {
    const message = messageOf('narrow', countTo(1e6));
    const answers = await Promise.all(Array.from({ length: 4 }, () => client.call('ModelInfer', message)));
    const refused = answers.find(({ error }) => error !== undefined)!;
    expect(refused.error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/queue/),
    });
    expect(refused.trailers.get('retry-after')).toEqual(['1']);
  });
});
