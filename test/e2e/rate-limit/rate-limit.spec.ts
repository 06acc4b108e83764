import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../../src/app.setup';
import { Config } from '../../../src/config/config';

const LIMIT = 3;

describe('rate limiting', () => {
  let repository: string;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    repository = await mkdtemp(join(tmpdir(), 'nexus-rate-limit-'));
    const settings = { modelRepository: repository, rateLimit: LIMIT, logLevel: 'silent' };
    app = await createApp(Object.assign(new Config(), settings, { trustProxy: ['127.0.0.1'] }));
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });

  afterAll(async () => {
    await app.close();
    await rm(repository, { recursive: true });
  });

  /** A request of the client with this address. */
  const get = (url: string, address: string) =>
    app.inject({ url, headers: { 'x-forwarded-for': address, 'x-api-key': String(Math.random()) } });

  it('tells the budget on every answer, and answers 429 when it is spent', async () => {
    const first = await get('/v2', '10.0.0.1');
    expect(first.statusCode).toBe(200);
    expect(first.headers).toMatchObject({
      ratelimit: '"default";r=2;t=60',
      'x-ratelimit-limit': '3',
      'x-ratelimit-remaining': '2',
      'x-ratelimit-reset': '60',
    });
    await get('/v2', '10.0.0.1');
    await get('/v2', '10.0.0.1');

    const refused = await get('/v2', '10.0.0.1');
    expect(refused.statusCode).toBe(429);
    expect(refused.headers).toMatchObject({
      ratelimit: expect.stringMatching(/^"default";r=0;t=\d+$/),
      'retry-after': expect.stringMatching(/^[1-9]\d?$/),
      'x-request-id': expect.any(String),
    });
    expect(refused.json()).toEqual({
      error: expect.stringMatching(/^rate limit of 3 requests in 60 s exceeded; retry in/),
    });
  });

  it('counts every address for itself, and an IPv6 network as one', async () => {
    expect((await get('/v2', '10.0.0.2')).headers['x-ratelimit-remaining']).toBe('2');
    expect((await get('/v2', '2001:db8::1')).headers['x-ratelimit-remaining']).toBe('2');
    expect((await get('/v2', '2001:db8::2')).headers['x-ratelimit-remaining']).toBe('1');
  });

  it.each(['/health/live', '/v2/health/live', '/metrics', '/docs', '/redoc', '/openapi.json'])(
    'leaves %s alone',
    async (url) => {
      const { headers } = await get(url, '10.0.0.3');
      expect(headers).not.toHaveProperty('ratelimit');
    },
  );
});
