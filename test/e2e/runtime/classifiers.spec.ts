import proto from 'onnx-proto';
import { classifier, maps } from '../../fixtures/classifiers';
import { node, value } from '../../fixtures/onnx';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const CLASSES = ['cat', 'dog', 'owl'];
const ROWS = [
  [1, 2, 3],
  [3, 1, 2],
];
const softmax = (row: readonly number[]) => {
  const sum = row.reduce((total, number) => total + Math.exp(number), 0);
  return row.map((number) => expect.closeTo(Math.exp(number) / sum, 6));
};
const SCORES = ROWS.map(softmax);

/** What an export with weights in a file of their own has beside the classes. */
const external = {
  initializer: [
    {
      name: 'bias',
      dims: [3],
      dataType: 1,
      dataLocation: proto.onnx.TensorProto.DataLocation.EXTERNAL,
      externalData: [{ key: 'location', value: 'bias.bin' }],
    },
  ],
  output: [value('shifted', 'FLOAT', ['batch', 3])],
  node: [node('Add', ['x', 'bias'], ['shifted'])],
};
const odd = { output: [maps('other', CLASSES)], node: [node('Identity', ['scores'], ['other'])] };

const repository = new Repository()
  .model('named', classifier(CLASSES))
  .model('numbered', classifier([10, 20, 30]))
  .model('renamed', classifier(CLASSES), 'labels: { scores: [Katze, Hund, Eule] }\n')
  .model('external', classifier(CLASSES, external))
  .add('external/1/bias.bin', new Uint8Array(Float32Array.of(10, 20, 30).buffer))
  .model('odd', classifier(CLASSES, odd));

let gateway: Gateway;
beforeAll(async () => {
  const env = { NEXUS_DEVICE: 'cpu', NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' };
  gateway = await Gateway.start(repository, env);
});
afterAll(() => tearDown(gateway, repository));

const X = fp32('x', [2, 3], ROWS.flat());
const predict = async (model: string) => {
  const body = JSON.stringify({ instances: ROWS, top_k: 1 });
  return (await gateway.send(`/v1/models/${model}/predict`, { method: 'POST', body })).json();
};
const classes = (...labels: string[]) => ({
  scores: labels.map((label) => [{ label, score: expect.any(Number) }]),
});

it('gives scores by row and class in place of maps, and batches', async () => {
  const metadata = (await gateway.send('/v2/models/named')).json();
  expect(metadata.outputs).toEqual([
    { name: 'label', datatype: 'BYTES', shape: [-1] },
    { name: 'scores', datatype: 'FP32', shape: [-1, 3] },
  ]);
  expect(metadata.properties).toMatchObject({ 'labels.scores': '["cat","dog","owl"]', max_batch_rows: '64' });
  expect(metadata.properties).not.toHaveProperty('unbatchable');
  const { body } = await gateway.infer('named', { inputs: [X] });
  expect(body.outputs).toEqual([
    { name: 'label', datatype: 'BYTES', shape: [2], data: ['owl', 'cat'] },
    { name: 'scores', datatype: 'FP32', shape: [2, 3], data: SCORES.flat() },
  ]);
});

it('has the classes of the file as labels', async () => {
  expect(await predict('named')).toMatchObject({
    predictions: [
      { label: 'owl', scores: SCORES[0] },
      { label: 'cat', scores: SCORES[1] },
    ],
    classes: classes('owl', 'cat'),
  });
  expect(await predict('numbered')).toMatchObject({
    predictions: [{ label: 30 }, { label: 10 }],
    classes: classes('30', '10'),
  });
  const { body } = await gateway.infer('named', {
    inputs: [X],
    outputs: [{ name: 'scores', parameters: { classification: 1 } }],
  });
  expect(body.outputs[0].data).toEqual([
    expect.stringMatching(/^0\.\d{6}:2:owl$/),
    expect.stringMatching(/^0\.\d{6}:0:cat$/),
  ]);
});

it('takes the labels of model.yaml instead, for as long as it has some', async () => {
  expect((await predict('renamed')).classes).toEqual(classes('Eule', 'Katze'));
  const [runner] = gateway.runners('renamed/1');
  repository.add('renamed/model.yaml', 'description: German no more.\n');
  await gateway.send('/v2/repository/models/renamed/load', { method: 'POST' });
  expect((await predict('renamed')).classes).toEqual(classes('owl', 'cat'));
  expect(gateway.runners('renamed/1')).toEqual([runner]);
});

it('reads external data beside the file', async () => {
  const { body } = await gateway.infer('external', { inputs: [X], outputs: [{ name: 'shifted' }] });
  expect(body.outputs).toMatchObject([{ data: [11, 22, 33, 13, 21, 32] }]);
  expect((await predict('external')).classes).toMatchObject(classes('owl', 'cat'));
});

it('says what to do where a map is needed inside the model', async () => {
  const { state, reason } = (await gateway.index()).find(({ name }) => name === 'odd')!;
  expect([state, reason]).toEqual([
    'UNAVAILABLE',
    "output 'scores' is a sequence of maps, not a tensor; return its values as a tensor (for scikit-learn, convert with options={'zipmap': False})",
  ]);
});
