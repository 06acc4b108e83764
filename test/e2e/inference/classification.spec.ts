import { IMAGE_OF_SEVEN } from '../../../src/rest/http/sample-image';
import { fp32, messageOf } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { split } from '../support/http';
import { tearDown } from '../support/tear-down';

const repository = new Repository().sample('digits');
let gateway: Gateway;
beforeAll(async () => void (gateway = await Gateway.start(repository)));
afterAll(() => tearDown(gateway, repository));

const images = (rows: number) => ({
  inputs: [fp32('image', [rows, 8, 8], Array.from({ length: rows }, () => IMAGE_OF_SEVEN.flat()).flat())],
});
const infer = (outputs: object[], rows = 1) =>
  gateway.send('/v2/models/digits/infer', {
    method: 'POST',
    body: JSON.stringify({ ...images(rows), outputs }),
  });
const SEVEN_FIRST = expect.stringMatching(/^0\.\d{6}:7:7$|^1\.000000:7:7$/) as string;

it('returns the classes of each row with labels, and other outputs unchanged', async () => {
  const { outputs } = (
    await infer([{ name: 'label' }, { name: 'probabilities', parameters: { classification: 3 } }], 2)
  ).json();
  expect(outputs[0]).toMatchObject({ name: 'label', datatype: 'INT64', data: [7, 7] });
  expect(outputs[1]).toMatchObject({ name: 'probabilities', datatype: 'BYTES', shape: [2, 3] });
  expect([outputs[1].data[0], outputs[1].data[3]]).toEqual([SEVEN_FIRST, SEVEN_FIRST]);
});

it('answers them as binary data, and over gRPC, with the same bytes', async () => {
  const parameters = { classification: 10, binary_data: true };
  const { json, binary } = split(await infer([{ name: 'probabilities', parameters }]));
  expect(json.outputs).toEqual([
    {
      name: 'probabilities',
      datatype: 'BYTES',
      shape: [1, 10],
      parameters: { binary_data_size: binary.length },
    },
  ]);
  const client = new GrpcClient(gateway.grpc);
  const { response } = await client.call('ModelInfer', {
    ...messageOf('digits', images(1)),
    outputs: [{ name: 'probabilities', parameters: { classification: { int64_param: 10 } } }],
  });
  client.close();
  expect(response.raw_output_contents[0]).toEqual(binary);
});

it.each([
  [0, /outputs\[0\]\.parameters\.classification: expected the number of classes/],
  ['3', /expected the number of classes, a whole number from 1 to 1000, got "3"/],
])('refuses %j classes', async (classification, text) => {
  const answer = await infer([{ name: 'probabilities', parameters: { classification } }]);
  expect([answer.status, answer.json().error]).toEqual([400, expect.stringMatching(text)]);
});
