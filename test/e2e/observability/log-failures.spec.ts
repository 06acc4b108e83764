import { affine, echo } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository, type LogLine } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { sendBytes } from '../support/http';
import { tearDown } from '../support/tear-down';

/** What callers send and the log must not have. */
const SECRET = '48151623';

const repository = new Repository().model('affine', affine()).model('echo', echo());
let gateway: Gateway;
let client: GrpcClient;
beforeAll(async () => {
  gateway = await Gateway.start(repository, { NEXUS_BODY_LIMIT: '1MiB' });
  client = new GrpcClient(gateway.grpc);
});
afterAll(() => tearDown(client, gateway, repository));

/** The line of a REST request, which is refused. */
async function refused(id: string, path: string, body: string | object = {}): Promise<LogLine> {
  const headers = { 'x-request-id': id };
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  await gateway.send(path, { method: 'POST', headers, body: content });
  return gateway.logged(({ requestId }) => requestId === id);
}

const x = (data: readonly unknown[], shape = [1, 2]) => ({ inputs: [fp32('x', shape, data)] });

it('a rejected request is logged with code, message, client and path', async () => {
  expect(await refused('shape', '/v2/models/affine/versions/1/infer?token=abc', x([1], [1]))).toMatchObject({
    status: 400,
    route: '/v2/models/:model/versions/:version/infer',
    model: 'affine',
    version: '1',
    code: 'invalid_input',
    message: expect.stringMatching(/^input 'x': expected shape \[-1,-1\], got \[1\]/),
    caller: '127.0.0.1',
    path: '/v2/models/affine/versions/1/infer',
    requestId: 'shape',
  });
  expect(await refused('absent', '/v1/models/nope/predict')).toMatchObject({
    status: 404,
    model: 'nope',
    code: 'model_not_found',
  });
  expect(await refused('route', '/nowhere')).toMatchObject({ code: 'route_not_found', path: '/nowhere' });
  expect(await refused('large', '/v2/models/affine/infer', 'x'.repeat(2 ** 20 + 1))).toMatchObject({
    status: 413,
    code: 'body_too_large',
    model: 'affine',
  });
});

it('so does a refused call, and a refused request of a stream', async () => {
  const wrong = {
    model_name: 'affine',
    model_version: '1',
    inputs: [{ name: 'x', datatype: 'FP33', shape: [1, 2] }],
  };
  await client.call('ModelInfer', wrong, { 'x-request-id': 'call' });
  const expected = { model: 'affine', version: '1', code: 'invalid_input', caller: '127.0.0.1' };
  expect(await gateway.logged(({ requestId }) => requestId === 'call')).toMatchObject({
    ...expected,
    status: 'INVALID_ARGUMENT',
    path: '/inference.GRPCInferenceService/ModelInfer',
    message:
      'inputs[0].datatype: expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES, got ...',
  });
  await client.call('ModelMetadata', { name: 'nope' }, { 'x-request-id': 'metadata' });
  expect(await gateway.logged(({ requestId }) => requestId === 'metadata')).toMatchObject({
    status: 'NOT_FOUND',
    model: 'nope',
    code: 'model_not_found',
  });
  const stream = client.stream('ModelStreamInfer', { 'x-request-id': 'stream' }).send(wrong);
  await stream.received(1);
  expect(await gateway.logged(({ requestId }) => requestId === 'stream')).toMatchObject(expected);
  stream.call.end();
});

it('nothing that was sent as an element is in the log', async () => {
  const bodies = [
    x([SECRET, 1]),
    x([[Number(SECRET)], 1]),
    x([`1; ${SECRET}`, 1]),
    x([`a"; got ${SECRET}`, 1]),
    x([{ a: SECRET }, 1]),
    x([1e300, 1]),
    JSON.stringify(x([1, 2])).replace('[1,2]}', `[1,${SECRET}`),
    `{"inputs": ${SECRET}`,
    SECRET,
  ];
  for (const [index, body] of bodies.entries())
    expect(await refused(`v2-${index}`, '/v2/models/affine/infer', body)).toMatchObject({ status: 400 });
  const rows = [
    { inputs: { x: [[SECRET, 1]] } },
    { instances: [{ x: [SECRET] }] },
    { inputs: { x: { a: SECRET } } },
  ];
  for (const [index, body] of rows.entries())
    expect(await refused(`v1-${index}`, '/v1/models/affine/predict', body)).toMatchObject({ status: 400 });
  const typed = [
    { name: 'x', datatype: 'INT8', shape: [1, 1], contents: { int_contents: [Number(SECRET)] } },
  ];
  await client.call('ModelInfer', { model_name: 'affine', inputs: typed }, { 'x-request-id': 'typed' });
  await gateway.logged(({ requestId }) => requestId === 'typed');
  expect(JSON.stringify(gateway.logs)).not.toContain(SECRET);
});

it('what a caller writes is bounded, and cannot make lines or act upon a terminal', async () => {
  const long = await refused('long', `/${'a'.repeat(5000)}`);
  expect(JSON.stringify(long).length).toBeLessThan(1500);
  const name = 'x\n{"level":50}\u001b[2J\u009b31m\u2028\u202e';
  const odd = await refused('odd', `/v2/models/${encodeURIComponent(name)}/infer`);
  expect(odd).toMatchObject({ model: name, path: `/v2/models/${encodeURIComponent(name)}/infer` });
  await client.call('ModelReady', { name }, { 'x-request-id': 'odd-call' });
  await client.call('ModelMetadata', { name }, { 'x-request-id': 'odder-call' });
  expect(await gateway.logged(({ requestId }) => requestId === 'odder-call')).toMatchObject({ model: name });
  // Every character of the log is one that may be shown; Gateway has read each of its lines as JSON.
  expect(gateway.stdout).toMatch(/^[\n -~\u00a0-\u2027\u202f-\uffff]*$/);
});

it('what never becomes a request leaves a line, too', async () => {
  await sendBytes(gateway.url, Buffer.from('garbage\r\n\r\n'));
  expect(await gateway.logged(({ path, status: code }) => path === 'unknown' && code === 400)).toMatchObject({
    code: 'invalid_input',
    message: 'the bytes received are not an HTTP/1.1 request',
    caller: '127.0.0.1',
    requestId: expect.any(String),
  });
  expect(await refused('path', '/v2/models/%ff')).toMatchObject({ status: 400, code: 'path_unreadable' });
});
