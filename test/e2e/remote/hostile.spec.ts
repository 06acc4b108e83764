import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { answer, ScriptedTarget, type TargetScript } from '../support/scripted-target';
import { tearDown } from '../support/tear-down';

const GIGABYTE = 1_000_000_000;

/** How long to wait for a target. Targets that respond do so in time even on a machine that is busy with other things. */
const SILENT_MS = 3000;

/** Responses that the gateway waits for. */
const held: ServerResponse[] = [];
const hold: TargetScript = (response) => void held.push(response);

const bytes =
  (text: string): TargetScript =>
  ({ socket }) =>
    void socket!.write(text, 'latin1');

/** What the target does with a request, the status that the client gets for it, and words of the error. */
const HOSTILE: Readonly<Record<string, [script: TargetScript, status: number, words: string]>> = {
  garbage: [bytes('\0\x01\xff garbage\r\n\r\n'), 502, 'HTTP/1.1'],
  prose: [(response) => response.end('all is well'), 502, 'JSON'],
  gigabyte: [
    (response) => {
      response.writeHead(200, { 'content-length': GIGABYTE });
      const flood = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', flood);
      };
      flood();
    },
    502,
    'at most',
  ],
  headers: [
    (response) => {
      const { socket } = response;
      socket!.write('HTTP/1.1 200 OK\r\n');
      const flood = () => {
        while (socket!.writable && socket!.write(`x-${'a'.repeat(1000)}: b\r\n`));
        socket!.once('drain', flood);
      };
      flood();
    },
    502,
    'headers',
  ],
  half: [
    bytes('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{"outputs":'),
    504,
    `${SILENT_MS} ms`,
  ],
  silence: [() => {}, 504, `${SILENT_MS} ms`],
  cut: [(response) => response.socket!.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{'), 502, 'closed'],
  redirect: [
    (response) => response.writeHead(307, { location: '/secret' }).end(),
    502,
    'expected no redirect',
  ],
  gzip: [
    (response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' })
        .end(gzipSync(Buffer.alloc(10_000_000))),
    502,
    'content coding',
  ],
  shape: [(response) => answer(response, { shape: [1, 3], data: [1, 2, 3] }), 502, 'y'],
  datatype: [(response) => answer(response, { datatype: 'INT64' }), 502, 'y'],
  name: [(response) => answer(response, { name: 'z' }), 502, 'y'],
  length: [(response) => answer(response, { data: [1, 2, 3, 4] }), 502, 'y'],
  crash: [
    (response) => response.writeHead(500).end('Traceback: secret at /srv/model.py\nline 2'),
    502,
    'status 500',
  ],
};

const busy: TargetScript = (response) => response.writeHead(429, { 'retry-after': '7' }).end();

let target: ScriptedTarget;
let other: ScriptedTarget;
let files: Repository;
let gateway: Gateway;

beforeAll(async () => {
  const scripts = Object.fromEntries(Object.entries(HOSTILE).map(([name, [script]]) => [name, script]));
  const further = { good: (response: ServerResponse) => answer(response), held: hold, left: hold, busy };
  target = await ScriptedTarget.start({ ...scripts, ...further });
  other = await ScriptedTarget.start(further);
  files = new Repository();
  const remote = { retries: 0, first_byte_timeout_ms: SILENT_MS, idle_timeout_ms: SILENT_MS };
  for (const name of Object.keys(HOSTILE)) add(name, { targets: [{ url: target.url }], remote });
  add('good', { targets: [{ url: target.url }] });
  add('held', { targets: [target, other].map(({ url }) => ({ url, max_in_flight: 2 })) });
  add('left', { targets: [{ url: target.url }] });
  add('chain', { targets: [{ url: 'http://127.0.0.1:9' }], fallback: ['crash', 'good'] });
  add('busy', { targets: [target, other].map(({ url }) => ({ url })) });
  gateway = await Gateway.start(files);
});

afterAll(() => tearDown(gateway, target, other, files));

function add(name: string, settings: object): void {
  files.add(`${name}.yaml`, JSON.stringify(settings));
}

const infer = (model: string) => gateway.infer(model, oneRow(1, 2));

it.each(Object.entries(HOSTILE))('survives a target that answers with %s', async (model, expected) => {
  const [, expectedStatus, words] = expected;
  const { status, body } = await infer(model);
  expect({ status, ...body }).toMatchObject({
    status: expectedStatus,
    error: expect.stringContaining(words),
  });
  expect(body.error).toMatch(/^\P{Cc}+$/u);
  expect(body.error).not.toContain(new URL(target.url).host);
  expect(body.error).not.toContain('secret');
  expect((await infer('good')).body.outputs).toMatchObject([{ name: 'y', data: [2, 4] }]);
});

it('follows no redirect, and asks a hostile target only once', async () => {
  expect((await infer('redirect')).status).toBe(502);
  expect(target.strayPaths).toEqual([]);
  const asked = target.requests.length;
  await infer('crash');
  expect(target.requests).toHaveLength(asked + 1);
});

it('says at once that every target is full', async () => {
  const waiting = Array.from({ length: 4 }, () => infer('held'));
  await Promise.all([target.received('held', 2), other.received('held', 2)]);
  const refused = await Promise.all(Array.from({ length: 4 }, () => infer('held')));
  for (const { status, headers, body } of refused) {
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(body.error).toContain('as many requests in flight as it may');
  }
  expect(held).toHaveLength(4);
  for (const response of held.splice(0)) answer(response);
  for (const { status } of await Promise.all(waiting)) expect(status).toBe(200);
});

it('reports that its targets are overloaded, after one attempt on another', async () => {
  const { status, headers } = await infer('busy');
  expect(status).toBe(429);
  expect(headers.get('retry-after')).toBe('7');
  const attempts = [target, other].map(({ requests }) => requests.filter((name) => name === 'busy').length);
  expect(attempts).toEqual([1, 1]);
});

it('tries the next fallback of a model that is not ready if the first one fails', async () => {
  const { status, body } = await infer('chain');
  expect({ status, ...body }).toMatchObject({ status: 200, model_name: 'good' });
  expect(target.requests.slice(-2)).toEqual(['crash', 'good']);
});

it('ends the request at the target when the client leaves', async () => {
  const leaving = new AbortController();
  const request = gateway.fetch('/v2/models/left/infer', {
    method: 'POST',
    body: JSON.stringify(oneRow(1, 2)),
    signal: leaving.signal,
  });
  await target.received('left', 1);
  const [response] = held.splice(0);
  const closed = once(response!, 'close');
  leaving.abort();
  await expect(request).rejects.toThrow('abort');
  await closed;
  expect(response!.writableFinished).toBe(false);
  const outcome = `nexus_target_requests_total{model="left",version="1",target="${new URL(target.url).host}",outcome="cancelled"}`;
  await gateway.reached(outcome, 1);
});
