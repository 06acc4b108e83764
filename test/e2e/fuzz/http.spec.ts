import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { affine } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { distorted, fuzz, NO_HARM, mutilated, WORDS } from './fuzz';
import { tearDown } from '../support/tear-down';

const X = fp32('x', [1, 2], [1, 2]);
const BODY = JSON.stringify({ inputs: [X] });
const BINARY = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
});

/** 501 and 504 are said to who asks for what there is not, or for an answer too soon. */
const SERVER_ERROR = /^HTTP\/1\.1 5(?!01|04)/m;

const GOOD = [
  `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`,
  `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ninference-header-content-length: ${BODY.length}\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`,
  'POST /v2/repository/index HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  'GET /v2/models/affine HTTP/1.1\r\nhost: a\r\nx-request-id: 1\r\nconnection: close\r\n\r\n',
].map((text) => Buffer.from(text));

const garbage = fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 20 }), fc.constantFrom(...WORDS));
const oneOf = (...words: string[]) => fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...words) }, garbage);

const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PRI', 'get', 'DELETE'];
const SEGMENTS = [
  'v2',
  'models',
  'affine',
  'versions',
  '1',
  'infer',
  'ready',
  'stats',
  'config',
  'health',
  'live',
];
const MORE_SEGMENTS = [
  'repository',
  'index',
  'trace',
  'setting',
  'logging',
  'metrics',
  'docs',
  'openapi.json',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', ''];

const target = fc.oneof(
  fc
    .array(oneOf(...SEGMENTS, ...MORE_SEGMENTS, '', '.', '..', '%2e', '%2f'), { maxLength: 7 })
    .map((segments) => `/${segments.join('/')}`),
  fc.constantFrom('*', 'http://a/v2', '//a/v2', 'a:80', '/v2?a=b#c', '/v2/models/affine/infer?'),
);

/** Header names with values that matter to somebody; any of them may come with any value, and twice. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  host: ['a', '', 'a:b:c'],
  'content-length': [String(BODY.length), '0', '-1', '99999999999999999999', '1e1'],
  'transfer-encoding': ['chunked', 'gzip, chunked', 'identity', 'chunked, chunked'],
  'content-encoding': ['gzip', 'deflate', 'identity', 'br', ''],
  'content-type': ['application/json', 'application/octet-stream', 'multipart/form-data; boundary=', ';'],
  'accept-encoding': ['gzip;q=9', '*;q=0', 'gzip, deflate', ',,,'],
  'inference-header-content-length': [String(BODY.length), '0', '-0'],
  'x-request-id': ['1', ' ', 'a,b'],
  'x-forwarded-for': ['1.2.3.4', 'x', ','],
  connection: ['close', 'keep-alive', 'upgrade', 'close, x'],
  upgrade: ['h2c', 'websocket', 'TLS/1.0'],
  expect: ['100-continue', '200-maybe'],
  range: ['bytes=0-', 'bytes=-1'],
  'if-none-match': ['*'],
};
const header = fc
  .constantFrom(...Object.keys(HEADERS))
  .chain((name) =>
    fc.tuple(oneOf(name), oneOf(...HEADERS[name]!), fc.constantFrom(': ', ':', ' : ', ':\t', '')),
  )
  .map(([name, value, colon]) => `${name}${colon}${value}`);

const request = fc
  .record({
    line: fc.tuple(oneOf(...METHODS), target, oneOf(...VERSIONS), fc.constantFrom(' ', '  ', '\t')),
    headers: fc.array(header, { maxLength: 8 }),
    end: fc.constantFrom('\r\n', '\n', '\r'),
    body: fc.constantFrom('', BODY, `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`),
  })
  .map(({ line: [method, path, version, space], headers, end, body }) =>
    Buffer.from([`${method}${space}${path}${space}${version}`, ...headers, '', body].join(end), 'latin1'),
  );

/** What may stand for the length of the JSON. */
const length = fc.oneof(
  fc.integer({ min: BINARY.length - 9, max: BINARY.length + 9 }).map(String),
  fc.integer().map(String),
  fc.double().map(String),
  fc.constantFrom(
    '',
    ' ',
    '+5',
    '0x10',
    '1e2',
    '1_0',
    '5,5',
    '\xd9\xa3',
    '9007199254740993',
    '1'.repeat(400),
    'NaN',
    '-0',
  ),
  garbage.filter((text) => /^[ -~\x80-\xff]*$/.test(text)),
);

let repository: Repository;
let gateway: Gateway;
let runners: number[];

beforeAll(async () => {
  repository = new Repository().model('affine', affine());
  gateway = await Gateway.start(repository, { NEXUS_LOG_LEVEL: 'error' });
  runners = gateway.runners('affine/1');
});

/** Whatever came, the gateway serves as if nothing had been. */
afterEach(async () => {
  expect((await gateway.infer('affine', { inputs: [X] })).body.outputs[0].data).toEqual([3, 5]);
  expect(gateway.runners('affine/1')).toEqual(runners);
});

afterAll(() => tearDown(gateway, repository));

/**
 * Sends the bytes over a connection of their own, and its end when the gateway has answered them or a later request. No
 * answer that comes may blame the server.
 */
async function answersWell(bytes: Uint8Array): Promise<void> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const received: Buffer[] = [];
  socket.on('data', (piece: Buffer) => received.push(piece));
  // A server that has answered need not read the rest.
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.write(bytes);
  await Promise.race([closed, gateway.infer('affine', { inputs: [X] })]);
  socket.end();
  await closed;
  expect(Buffer.concat(received).toString('latin1')).not.toMatch(SERVER_ERROR);
}

/** Posts to a path; the answer is either a success, or a refusal in words. */
async function refusesWell(path: string, body: string | Buffer, headers = {}): Promise<void> {
  const answer = await gateway.send(path, { method: 'POST', body, headers });
  if (answer.status === 200) return;
  expect([400, 404, 504]).toContain(answer.status);
  expect(answer.json()).toEqual({ error: expect.stringMatching(/./) });
}

describe('over HTTP, nothing is answered as an error of the server, and nothing changes, by', () => {
  it('requests that are mutilated', async () => {
    const harm = await fuzz(gateway, mutilated(...GOOD), 1500, answersWell);
    expect(harm).toEqual(NO_HARM);
  });

  it('request lines and headers of all kinds', async () => {
    const harm = await fuzz(gateway, request, 1500, answersWell);
    expect(harm).toEqual(NO_HARM);
  });

  it('any length of the JSON before binary tensors', async () => {
    const body = Buffer.concat([Buffer.from(BINARY), Buffer.alloc(8)]);
    const harm = await fuzz(gateway, length, 600, (value) =>
      refusesWell('/v2/models/affine/infer', body, { 'inference-header-content-length': value }),
    );
    expect(harm).toEqual(NO_HARM);
  });

  it('requests whose JSON is distorted', async () => {
    const parameters = { binary_data_output: true, priority: 1, timeout: 60_000_000, sequence_id: 0 };
    const outputs = [{ name: 'y', parameters: { binary_data: false, classification: 1 } }];
    const good = { id: '1', parameters, inputs: [{ ...X, parameters: { a: 1 } }], outputs };
    const harm = await fuzz(gateway, distorted(good), 1500, (value) =>
      refusesWell('/v2/models/affine/infer', JSON.stringify(value) ?? ''),
    );
    expect(harm).toEqual(NO_HARM);
  });

  it.each([
    ['/v2/repository/index', { ready: true }],
    [
      '/v2/trace/setting',
      { trace_level: ['TIMESTAMPS'], trace_rate: '1', trace_count: '1', log_frequency: '0' },
    ],
    ['/v2/models/affine/trace/setting', { trace_level: ['OFF'], trace_rate: '1' }],
    [
      '/v2/logging',
      { log_info: false, log_warning: false, log_error: true, log_verbose_level: 0, log_file: '' },
    ],
  ])('settings that are distorted: %s', async (path, good) => {
    const harm = await fuzz(gateway, distorted(good), 300, (value) =>
      refusesWell(path, JSON.stringify(value) ?? ''),
    );
    expect(harm).toEqual(NO_HARM);
  });
});
