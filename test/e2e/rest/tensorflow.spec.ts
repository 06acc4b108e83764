import { affine, dot, identity, powers } from '../../fixtures/models';
import { model, node, value } from '../../fixtures/onnx';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

/** A table of two columns, as scikit-learn exports a pipeline for one: each input is [rows,1]. */
const table = model({
  input: [value('age', 'FLOAT', ['rows', 1]), value('city', 'STRING', ['rows', 1])],
  output: [value('years', 'FLOAT', ['rows', 1]), value('place', 'STRING', ['rows', 1])],
  node: [node('Identity', ['age'], ['years']), node('Identity', ['city'], ['place'])],
});

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine(1))
    .add('affine/2/model.onnx', affine(2))
    .model('iris.v1:b', identity('x', 'y', ['rows', 3]))
    .model('logits', identity('x', 'y', ['rows', 3]), 'softmax: true\nlabels: { y: [a, b, c] }')
    .model('named', identity('x', 'y', ['rows', 3]), 'softmax: [y]')
    .model('wrong', identity('x', 'y', ['rows', 3]), 'softmax: [z]\nrequired: false')
    .model('powers', powers())
    .model('dot', dot())
    .model('table', table);
  gateway = await Gateway.start(repository, { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' });
});

afterAll(() => tearDown(gateway, repository));

const post = async (path: string, body: unknown) => {
  const answer = await gateway.send(path, { method: 'POST', body: JSON.stringify(body) });
  return { status: answer.status, body: answer.json() };
};
const tensorflow = (name: string, body: unknown) => post(`/v1/models/${name}:predict`, body);
const predict = (name: string, body: unknown) => post(`/v1/models/${name}/predict`, body);

describe('the protocol of TensorFlow Serving', () => {
  it('answers rows with predictions and columns with outputs, the only one without its name', async () => {
    const names = ((await gateway.send('/v2/models/powers')).json().outputs as { name: string }[]).map(
      ({ name }) => name,
    );
    expect(names.length).toBeGreaterThan(1);
    expect(await tensorflow('affine', { instances: [[1], [2]] })).toEqual({
      status: 200,
      body: { predictions: expect.arrayContaining([expect.any(Array)]) },
    });
    const rows = await tensorflow('affine/versions/1', { instances: [{ x: [1] }, { x: [2] }] });
    expect(rows.body).toEqual({ predictions: [[2], [3]] });
    const columns = { signature_name: 'serving_default', inputs: { x: [[1], [2]] } };
    expect((await tensorflow('affine/versions/1', columns)).body).toEqual({ outputs: [[2], [3]] });
    const [input] = (await gateway.send('/v2/models/powers')).json().inputs as { name: string }[];
    const several = await tensorflow('powers', { instances: [{ [input!.name]: [2] }] });
    expect(Object.keys(several.body.predictions[0])).toEqual(names);
    const each = await tensorflow('powers', { inputs: [[2]] });
    expect(Object.keys(each.body.outputs)).toEqual(names);
  });

  it('takes versions, aliases and labels, and names with dots and colons', async () => {
    await gateway.send('/v1/models/affine/aliases/stable', {
      method: 'PUT',
      body: JSON.stringify({ version: '1' }),
    });
    const body = { instances: [[1]] };
    for (const name of ['affine/versions/1', 'affine/versions/stable', 'affine/labels/stable'])
      expect([name, (await tensorflow(name, body)).body]).toEqual([name, { predictions: [[2]] }]);
    const named = { instances: [[1, 2, 3]] };
    for (const name of ['iris.v1:b', 'iris.v1%3Ab', 'iris.v1:b/versions/1'])
      expect([name, (await tensorflow(name, named)).body]).toEqual([name, { predictions: [[1, 2, 3]] }]);
    expect((await post('/v1/models/iris.v1:b%3Apredict', named)).status).toBe(200);
  });

  it.each([
    ['POST', '/v1/models/none:predict', 404, "model 'none' not found"],
    ['POST', '/v1/models/a%2Fb:predict', 404, "model 'a/b' not found"],
    ['POST', '/v1/models/affine/versions/9:predict', 404, 'version 9 not found'],
    ['POST', '/v1/models/affine%3Apredict', 400, 'the body is empty'],
    ['POST', '/v1/models/affine:explain', 404, 'use :predict, or add an explainer to the InferenceService'],
    ['POST', '/v1/models/affine/versions/1:classify', 404, ':classify is not supported'],
    ['DELETE', '/v1/models/affine:predict?x=1', 405, 'use POST'],
  ])('%s %s is refused in the words that clients read', async (method, path, status, text) => {
    const answer = await gateway.send(path, { method });
    expect([answer.status, answer.json()]).toEqual([status, { error: expect.stringContaining(text) }]);
  });

  it('leaves the errors of all other paths as they are', async () => {
    for (const path of ['/v1/models/affine', '/v1/models/affine/versions/1:vote'])
      expect((await gateway.send(path, { method: 'POST' })).json().error).toHaveProperty('code');
  });

  it('is told of in the methods that a path takes', async () => {
    const allowed = async (path: string) => (await gateway.send(path, { method: 'DELETE' })).headers['allow'];
    expect(await allowed('/v1/models/affine')).toBe('GET, HEAD');
    expect(await allowed('/v1/models/affine:predict')).toBe('POST');
    expect(await allowed('/v1/models/affine/versions/1:predict')).toBe('POST');
  });

  it('lists the ready models for clients of KServe and of OpenAI at once', async () => {
    const list = (await gateway.send('/v1/models')).json();
    expect(list.object).toBe('list');
    expect(list.models).toEqual(['affine', 'dot', 'iris.v1:b', 'logits', 'named', 'powers', 'table']);
    expect((list.data as { id: string }[]).map(({ id }) => id)).toEqual(list.models);
  });

  it('tells whether a model is ready, and that the server is alive, as KServe does', async () => {
    expect((await gateway.send('/v1/models/affine')).json()).toMatchObject({ name: 'affine', ready: true });
    expect((await gateway.send('/v1/models/wrong')).json()).toMatchObject({ name: 'wrong', ready: false });
    expect((await gateway.send('/')).json()).toEqual({ status: 'alive' });
  });
});

describe('columns of a table', () => {
  it('take elements as they are', async () => {
    const rows = {
      instances: [
        { age: 3, city: 'Rome' },
        { age: [null], city: ['Oslo'] },
      ],
    };
    const predictions = [
      { years: [3], place: ['Rome'] },
      { years: ['NaN'], place: ['Oslo'] },
    ];
    expect((await predict('table', rows)).body.predictions).toEqual(predictions);
    expect((await tensorflow('table', rows)).body).toEqual({ predictions });
    const flat = { inputs: { age: [3, 4], city: ['Rome', 'Oslo'] } };
    const outputs = { years: [[3], [4]], place: [['Rome'], ['Oslo']] };
    expect((await predict('table', flat)).body.outputs).toEqual(outputs);
    expect((await tensorflow('table', flat)).body).toEqual({ outputs });
    const item = { inputs: { age: 3, city: 'Rome' } };
    expect((await predict('table', item)).body.outputs).toEqual({ years: [3], place: ['Rome'] });
  });
});

describe('classes', () => {
  const inputs = { x: [0, Math.log(3), -1000] };

  it('have the probabilities of logits, and leave the outputs as they are', async () => {
    const { body } = await predict('logits', { inputs, top_k: 2 });
    expect(body.outputs.y[2]).toBe(-1000);
    expect(body.classes.y).toEqual([
      { label: 'b', score: 0.75 },
      { label: 'a', score: 0.25 },
    ]);
    const x = fp32('x', [1, 3], inputs.x);
    const infer = await post('/v2/models/logits/infer', {
      inputs: [x],
      outputs: [{ name: 'y', parameters: { classification: 2 } }],
    });
    expect(infer.body.outputs[0].data).toEqual(['0.750000:1:b', '0.250000:0:a']);
  });

  it('have indexes where there are no labels, when they are asked for', async () => {
    expect((await predict('named', { inputs, top_k: 1 })).body.classes).toEqual({
      y: [{ index: 1, score: 0.75 }],
    });
    expect((await predict('named', { inputs })).body).not.toHaveProperty('classes');
    const { body } = await predict('iris.v1:b', { instances: [[1, 3, 2]], top_k: 2 });
    expect(body.classes).toEqual({
      y: [
        [
          { index: 1, score: 3 },
          { index: 2, score: 2 },
        ],
      ],
    });
  });

  it('are refused at load where softmax names what is no output', async () => {
    const { versions } = (await gateway.send('/v1/models/wrong')).json();
    expect(versions[0]).toMatchObject({
      state: 'UNAVAILABLE',
      reason: expect.stringMatching(/^softmax names 'z', which is not an output of the model; it has '/),
    });
  });
});
