import { bytesOf } from '../../fixtures/binary';
import { affine, dot, echo, lookup } from '../../fixtures/models';
import { IMAGE_OF_SEVEN } from '../../../src/rest/http/sample-image';
import { Gateway, Repository } from '../support/gateway';
import { split } from '../support/http';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('dot', dot())
    .model('echo', echo())
    .model('lookup', lookup())
    .sample('digits');
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const raw = (model: string, body: Uint8Array) =>
  gateway.send(`/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'inference-header-content-length': '0' },
    body,
  });

it('is one row, whose variable dimension follows from the bytes', async () => {
  const answer = await raw('affine', bytesOf(Float32Array.of(1, 2, 3)));
  expect(answer.status).toBe(200);
  const { json, binary } = split(answer);
  expect(json.outputs).toEqual([
    { name: 'y', datatype: 'FP32', shape: [1, 3], parameters: { binary_data_size: 12 } },
  ]);
  expect(binary).toEqual(bytesOf(Float32Array.of(3, 5, 7)));
});

it('may be a single value, or text without its length', async () => {
  expect(split(await raw('lookup', bytesOf(BigInt64Array.of(7n)))).binary).toEqual(
    bytesOf(Float32Array.of(70)),
  );
  const { json, binary } = split(await raw('echo', Buffer.from('grün')));
  expect(json.outputs[0]).toMatchObject({ datatype: 'BYTES', shape: [1, 1] });
  expect(binary.toString('utf8', 4)).toBe('grün');
});

it('works with a sample model', async () => {
  const answer = await raw('digits', bytesOf(Float32Array.from(IMAGE_OF_SEVEN.flat())));
  const { binary } = split(answer);
  expect(binary.readBigInt64LE()).toBe(7n);
});

it.each([
  ['affine', 5, /expected FP32 elements of 4 bytes, got 5 bytes; send JSON before the binary data/],
  ['lookup', 16, /input 'index' has shape \[-1\]: expected 1 elements, got 2/],
  ['dot', 16, /the model takes 2 inputs, but only one can be sent without JSON/],
] as const)('of %s with %i bytes is refused', async (model, size, text) => {
  const answer = await raw(model, new Uint8Array(size));
  expect([answer.status, answer.json().error]).toEqual([400, expect.stringMatching(text)]);
});
