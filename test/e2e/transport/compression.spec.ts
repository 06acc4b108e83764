import { gunzipSync, inflateSync } from 'node:zlib';
import { affine } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { split } from '../support/http';

const repository = new Repository().model('affine', affine());
afterAll(() => repository.remove());

const DECODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
};

/** What comes back of so many columns: the coding of the answer, and the plain answer. */
async function infer(gateway: Gateway, columns: number, accept: string, binary = false) {
  const data = Array.from({ length: columns }, (_, index) => index);
  const answer = await gateway.send('/v2/models/affine/infer', {
    method: 'POST',
    headers: { 'accept-encoding': accept },
    body: JSON.stringify({
      inputs: [fp32('x', [1, columns], data)],
      parameters: { binary_data_output: binary },
    }),
  });
  expect(answer.status).toBe(200);
  const coding = answer.headers['content-encoding'];
  const plain = DECODERS[String(coding)]?.(answer.body) ?? answer.body;
  return { coding, headers: answer.headers, ...split({ ...answer, body: plain }) };
}

it('leaves answers as they are by default', async () => {
  const gateway = await Gateway.start(repository);
  const { coding, headers } = await infer(gateway, 2000, 'gzip, deflate');
  expect([coding, headers['vary']]).toEqual([undefined, undefined]);
  await gateway.stop();
});

it('compresses answers in JSON, as the client prefers', async () => {
  const gateway = await Gateway.start(repository, { NEXUS_RESPONSE_COMPRESSION: 'json' });
  for (const [accept, coding] of [
    ['gzip, deflate', 'gzip'],
    ['gzip;q=0.5, deflate;q=0.8', 'deflate'],
    ['br, identity;q=0.5, GZIP', 'gzip'],
    ['identity, gzip;q=0.5', undefined],
    ['gzip;q=0', undefined],
    ['br', undefined],
  ] as const) {
    const answer = await infer(gateway, 2000, accept);
    expect([accept, answer.coding, answer.headers['vary']]).toEqual([accept, coding, 'accept-encoding']);
    expect(answer.json.outputs[0].data[1999]).toBe(3999);
  }
  expect((await infer(gateway, 2, 'gzip')).coding).toBeUndefined();
  expect((await infer(gateway, 2000, 'gzip', true)).coding).toBeUndefined();
  await gateway.stop();
});

it('compresses binary responses on request; the header length is that of the uncompressed JSON', async () => {
  const gateway = await Gateway.start(repository, { NEXUS_RESPONSE_COMPRESSION: 'all' });
  const { coding, json, binary } = await infer(gateway, 100_000, 'gzip', true);
  expect(coding).toBe('gzip');
  expect(json.outputs[0].parameters).toEqual({ binary_data_size: 400_000 });
  expect(binary.readFloatLE(4 * 99_999)).toBe(199_999);
  await gateway.stop();
});
