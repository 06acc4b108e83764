import { Nexus, NexusError, tensor } from '../../../clients/typescript/src/index.ts';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const KEY = 'key-of-the-typescript-client';
const ITEM = { inputs: { x: [1, 2] } };

let repository: Repository;
let gateway: Gateway;
beforeAll(async () => {
  repository = new Repository().model('affine', affine());
  gateway = await Gateway.start(repository, { NEXUS_API_KEY: KEY });
});
afterAll(() => tearDown(gateway, repository));

it.each([
  ['apiKey', { apiKey: KEY }],
  ['a header', { headers: { 'x-api-key': KEY } }],
])('a client uses the gateway with a key as %s', async (_way, options) => {
  const nexus = new Nexus({ url: gateway.url, ...options });
  expect(await nexus.predict('affine', ITEM)).toMatchObject({ outputs: { y: [3, 5] } });
  const { outputs } = await nexus.infer('affine', { x: tensor(Float32Array.of(1, 2), [1, 2]) });
  expect(outputs['y']).toMatchObject({ data: Float32Array.of(3, 5) });
  expect(await nexus.models()).toEqual(['affine']);
});

it.each([
  ['no key', {}],
  ['a wrong key', { apiKey: `${KEY}x` }],
])('a client with %s is refused at once, but may ask for the health', async (_what, options) => {
  const nexus = new Nexus({ url: gateway.url, ...options });
  expect(await nexus.ready()).toBe(true);
  const failed = nexus.predict('affine', ITEM);
  await expect(failed).rejects.toBeInstanceOf(NexusError);
  await expect(failed).rejects.toMatchObject({ status: 401, code: 'unauthenticated' });
});
