import { readFileSync } from 'node:fs';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const LIMIT = 3;

/** Routes of the document that count against no limit. */
const SKIPPED = [
  '/',
  '/health',
  '/health/live',
  '/health/ready',
  '/health/startup',
  '/metrics',
  '/v2/health/live',
  '/v2/health/ready',
];

/** Every operation that the document has whatever the models. */
const operations = Object.entries(
  (JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: Record<string, object> }).paths,
).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
);

describe('rate limiting', () => {
  const repository = new Repository();
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await Gateway.start(repository, {
      NEXUS_RATE_LIMIT: String(LIMIT),
      NEXUS_TRUST_PROXY: '127.0.0.1',
    });
  });

  afterAll(() => tearDown(gateway, repository));

  /** A request of the client with this address. */
  const get = (url: string, address: string) =>
    gateway.send(url, { headers: { 'x-forwarded-for': address, 'x-api-key': `made-up-${address}-${url}` } });

  it('reports the budget in every response, and returns 429 when it is used up', async () => {
    const first = await get('/v2', '10.0.0.1');
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({
      ratelimit: '"address_requests";r=2;t=20',
      'ratelimit-policy': '"address_requests";q=3;w=60',
      'x-ratelimit-limit-requests': '3',
      'x-ratelimit-remaining-requests': '2',
      'x-ratelimit-reset-requests': '20s',
    });
    await get('/v2', '10.0.0.1');
    await get('/v2', '10.0.0.1');

    const refused = await get('/v2', '10.0.0.1');
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({
      ratelimit: expect.stringMatching(/^"address_requests";r=0;t=\d+$/),
      'retry-after': expect.stringMatching(/^[1-9]\d?$/),
      'x-request-id': expect.any(String),
    });
    expect(refused.json()).toEqual({
      error: expect.stringMatching(
        /^the limit of 3 requests in 60 s for this address is used up; retry in \d+ s$/,
      ),
    });
  });

  it('counts every address for itself, and an IPv6 network as one', async () => {
    expect((await get('/v2', '10.0.0.2')).headers['x-ratelimit-remaining-requests']).toBe('2');
    expect((await get('/v2', '2001:db8::1')).headers['x-ratelimit-remaining-requests']).toBe('2');
    expect((await get('/v2', '2001:db8::2')).headers['x-ratelimit-remaining-requests']).toBe('1');
  });

  it('counts the requests of every route, except probes and metrics', async () => {
    const uncounted = new Set<string>();
    for (const [index, { method, path }] of operations.entries()) {
      const { headers } = await gateway.send(path.replaceAll(/\{\w+\}/g, 'unknown'), {
        method,
        headers: { 'x-forwarded-for': `10.1.0.${index}` },
      });
      const again = await get('/v2', `10.1.0.${index}`);
      const counted = LIMIT - 1 - Number(again.headers['x-ratelimit-remaining-requests']);
      expect(counted).toBe('ratelimit' in headers ? 1 : 0);
      if (counted === 0) uncounted.add(path);
    }
    expect([...uncounted].toSorted()).toEqual(SKIPPED);
  });

  it.each(['/health/live', '/v2/health/live', '/metrics'])('leaves %s alone', async (url) => {
    const { headers } = await get(url, '10.0.0.3');
    expect(headers).not.toHaveProperty('ratelimit');
  });
});
