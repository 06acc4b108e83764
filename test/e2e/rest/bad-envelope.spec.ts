import { deflateSync, gzipSync } from 'node:zlib';
import { affine, bfloat16 } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { sendBytes, type Message } from '../support/http';
import { tearDown } from '../support/tear-down';

const LIMIT = 64 * 1024;

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('affine', affine()).model('refused', bfloat16());
  gateway = await Gateway.start(repository, { NEXUS_BODY_LIMIT: String(LIMIT) });
});

afterAll(() => tearDown(gateway, repository));

/** After whatever came before, the gateway serves as if nothing had been. */
afterEach(async () => {
  const answer = await gateway.infer('affine', REQUEST);
  expect([answer.status, answer.body.outputs?.[0].data]).toEqual([200, [5, 7]]);
});

const REQUEST = oneRow(2, 3);
const infer = (message: Message, model = 'affine') =>
  gateway.send(`/v2/models/${model}/infer`, { method: 'POST', ...message });

describe('a body that is too large is refused with 413', () => {
  const tooLarge = {
    error: `the request body is larger than the limit of ${LIMIT} bytes; send fewer rows per request, or raise NEXUS_BODY_LIMIT`,
  };

  it('by its Content-Length, before it is sent', async () => {
    const head = `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ncontent-length: ${LIMIT + 1}\r\nconnection: close\r\n\r\n`;
    const answer = await sendBytes(gateway.url, Buffer.from(head));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain(JSON.stringify(tooLarge));
  });

  it('by what has come, when it is chunked', async () => {
    const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`.repeat(LIMIT / 0x1000);
    const head =
      'POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n';
    const answer = await sendBytes(gateway.url, Buffer.from(`${head}${chunk}1\r\n \r\n`));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain(JSON.stringify(tooLarge));
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('after its decompression from %s', async (encoding, encode) => {
    const headers = { 'content-encoding': encoding };
    const answer = await infer({ headers, body: encode(Buffer.alloc(LIMIT + 1, ' ')) });
    expect([answer.status, answer.json()]).toEqual([413, tooLarge]);
  });

  it('and not when it is as large as the limit', async () => {
    const body = JSON.stringify(REQUEST).padEnd(LIMIT);
    expect((await infer({ body })).status).toBe(200);
    expect((await infer({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) })).status).toBe(200);
  });

  it('when it is a bomb, at no price in memory', async () => {
    const large = await Gateway.start(repository);
    const gigabyte = gzipSync(Buffer.alloc(2 ** 30), { level: 9 });
    const bomb = { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: gigabyte };
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => large.send('/v2/models/affine/infer', bomb)),
    );
    expect(answers.map(({ status }) => status)).toEqual([413, 413, 413, 413]);
    expect((await large.infer('affine', REQUEST)).status).toBe(200);
    await large.stop();
  });
});

describe('an encoding that is not what it says', () => {
  it.each(['br', 'zstd', 'gzip, gzip', 'x'.repeat(100)])('is refused with 415: %s', async (encoding) => {
    const answer = await infer({ headers: { 'content-encoding': encoding }, body: '{}' });
    expect([answer.status, answer.json().error]).toEqual([
      415,
      expect.stringMatching(/is not supported; send gzip, deflate/),
    ]);
  });

  it.each(['gzip', 'deflate'])('is refused with 400: %s', async (encoding) => {
    const whole = (encoding === 'gzip' ? gzipSync : deflateSync)(JSON.stringify(REQUEST));
    for (const body of ['{}', '', whole.subarray(0, -5)]) {
      const answer = await infer({ headers: { 'content-encoding': encoding }, body });
      expect([answer.status, answer.json().error]).toEqual([
        400,
        expect.stringMatching(`not valid ${encoding}`),
      ]);
    }
  });
});

describe('a path', () => {
  it.each([
    '/v2/models/none/infer',
    '/v2/models/__proto__/infer',
    '/v2/models/constructor/infer',
    '/v2/models/affine/versions/2/infer',
    '/v2/models/affine/versions/__proto__/infer',
    '/v2/models/affine/versions/-1/infer',
    '/v2/models/../infer',
    '/v2/models/../../etc/passwd/infer',
    '/v2/models/%2e%2e/infer',
    '/v2/models/%2e%2e%2fetc%2fpasswd/infer',
    '/v2/models/affine%00/infer',
    '/v2/models/AFFINE/infer',
    '/v2/models//infer',
    `/v2/models/${encodeURIComponent('模型 😀'.repeat(20))}/infer`,
  ])('that leads to no model is 404: %s', async (path) => {
    const answer = await gateway.send(path, { method: 'POST', body: JSON.stringify(REQUEST) });
    expect([answer.status, answer.json()]).toEqual([404, { error: expect.any(String) }]);
    expect(answer.body.length).toBeLessThan(1000);
  });

  it.each([
    ['no UTF-8', '%ff'],
    ['no percent-encoding', '%zz'],
    ['cut short', '%'],
    ['10 kB long', 'x'.repeat(10_000)],
  ])('with a name that is %s is 400', async (_what, name) => {
    const path = `/v2/models/${name}/infer`;
    const answer = await gateway.send(path, { method: 'POST', body: '{}' });
    expect([answer.status, answer.json()]).toEqual([
      400,
      { error: expect.stringMatching(/^cannot decode the path .*; /) },
    ]);
    expect(answer.body.length).toBeLessThan(1000);
  });

  it('to a model that is not ready is 503', async () => {
    const answer = await infer({ body: JSON.stringify(REQUEST) }, 'refused');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.json().error).toMatch(/^model 'refused' version 1 is not ready: UNAVAILABLE, .*BFLOAT16/);
  });
});
