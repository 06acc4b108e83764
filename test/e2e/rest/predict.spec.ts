import { IMAGE_OF_SEVEN } from '../../../src/rest/http/sample-image';
import { affine, dot, echo, identities, lookup } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { split } from '../support/http';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('lookup', lookup())
    .model('dot', dot())
    .model('echo', echo())
    .model('identities', identities())
    .sample('digits');
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const predict = (model: string, body: unknown, headers = {}) =>
  gateway.send(`/v1/models/${model}/predict`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

it('answers in the form in which it was asked', async () => {
  const model = { model: 'affine', version: '1' };
  const rows = [
    [1, 2],
    [3, 4],
  ];
  expect((await predict('affine', { inputs: { x: rows }, id: 'mine' })).json()).toEqual({
    id: 'mine',
    ...model,
    outputs: {
      y: [
        [3, 5],
        [7, 9],
      ],
    },
  });
  expect((await predict('affine', { inputs: { x: [1, 2] } })).json()).toEqual({
    ...model,
    outputs: { y: [3, 5] },
  });
  expect((await predict('affine', { instances: [{ x: [1] }, { x: [2] }] })).json()).toEqual({
    ...model,
    predictions: [{ y: [3] }, { y: [5] }],
  });
  expect((await predict('lookup', { instances: [1, 9] })).json().predictions).toEqual([{ y: 10 }, { y: 90 }]);
  expect((await predict('lookup', { inputs: { index: 7 } })).json().outputs).toEqual({ y: 70 });
  expect((await predict('dot', { inputs: { a: [1, 2, 3], b: [4, 5, 6] } })).json().outputs).toEqual({
    product: 32,
  });
});

it('takes every datatype, and gives it back as it was', async () => {
  const values: Record<string, unknown[]> = {
    BOOL: [true, false],
    UINT8: [0, 255],
    UINT16: [0, 65535],
    UINT32: [0, 4294967295],
    UINT64: [0, 7],
    INT8: [-128, 127],
    INT16: [-32768, 32767],
    INT32: [-2147483648, 2147483647],
    INT64: [-7, 7],
    FLOAT16: [0.5, 'NaN'],
    FLOAT: [0.1, 'Infinity'],
    DOUBLE: [1e300, '-Infinity'],
    STRING: ['grün', ''],
  };
  const inputs = Object.fromEntries(Object.entries(values).map(([name, row]) => [`in_${name}`, [row, row]]));
  const outputs = Object.fromEntries(
    Object.entries(values).map(([name, row]) => [`out_${name}`, [row, row]]),
  );
  const answer = await predict('identities', { inputs });
  expect([answer.status, answer.json().outputs]).toEqual([200, outputs]);
});

it('takes NaN and infinities as they stand', async () => {
  const text = await predict('affine', '{"inputs":{"x":[NaN,-Infinity]}}');
  expect(text.json().outputs).toEqual({ y: ['NaN', '-Infinity'] });
});

it('takes null for a missing number, and a byte order mark before the body', async () => {
  const given = await predict('affine', '\ufeff{"inputs":{"x":[null,1]}}');
  expect(given.json().outputs).toEqual({ y: ['NaN', 3] });
  const exact = await predict('affine', '{"inputs":{"x":[null,NaN,1]}}');
  expect(exact.json().outputs).toEqual({ y: ['NaN', 'NaN', 3] });
  const whole = await predict('lookup', { inputs: { index: [null] } });
  expect([whole.status, whole.json().error.message]).toEqual([
    400,
    expect.stringMatching(/^inputs\.index\[0\]: expected an integer from .* for INT64, got null$/),
  ]);
  const infer = await gateway.infer('affine', oneRow(null, 1));
  expect(infer.body.outputs[0].data).toEqual(['NaN', 3]);
  const generate = await gateway.send('/v2/models/affine/generate', {
    method: 'POST',
    body: JSON.stringify({ x: [null, 1] }),
  });
  expect(generate.json().y).toEqual(['NaN', 3]);
});

it.each(['predict', 'infer', 'generate'])(
  'refuses what cannot be JSON, and says what to send: %s',
  async (what) => {
    const path = what === 'predict' ? '/v1/models/affine/predict' : `/v2/models/affine/${what}`;
    const body = { predict: { inputs: { x: [1] } }, generate: { x: [1] } }[what] ?? oneRow(1);
    const send = (type: string) =>
      gateway.send(path, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) });
    for (const type of ['image/png', 'multipart/form-data; boundary=x', 'Audio/wav', 'video/mp4']) {
      const answer = await send(type);
      const shown = type.split(';', 1)[0]!.toLowerCase();
      expect([answer.status, JSON.stringify(answer.json())]).toEqual([
        415,
        expect.stringContaining(
          `Content-Type '${shown}' is not supported; send the decoded and resized values`,
        ),
      ]);
    }
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'imaginary',
      'application/octet-stream',
    ])
      expect((await send(type)).status).toBe(200);
  },
);

it('takes text as base64', async () => {
  const answer = await predict('echo', { inputs: { x: [[{ b64: 'Z3LDvG4=' }]] } });
  expect(answer.json().outputs).toEqual({ y: [['grün']] });
});

it('answers in the binary form of the protocol V2 when that is accepted', async () => {
  const headers = { accept: 'application/octet-stream' };
  const answer = await predict('affine', { inputs: { x: [1] } }, headers);
  const { json, binary } = split(answer);
  expect(answer.headers['content-type']).toBe('application/octet-stream');
  expect(json.outputs).toEqual([
    { name: 'y', datatype: 'FP32', shape: [1, 1], parameters: { binary_data_size: 4 } },
  ]);
  expect(binary.readFloatLE()).toBe(3);
});

it('reads and writes large bodies as small ones', async () => {
  const rows = Array.from({ length: 50 }, (_, row) =>
    Array.from({ length: 3000 }, (__, index) => row + index),
  );
  const answer = await predict('affine', { inputs: { x: rows } });
  expect(answer.json().outputs.y).toEqual(rows.map((row) => row.map((value) => value * 2 + 1)));
  const faulty = rows.map((row) => [...row] as unknown[]);
  faulty[49]![2999] = 'x';
  const refused = await predict('affine', { inputs: { x: faulty } });
  expect([refused.status, refused.json().error.param]).toEqual([400, 'inputs.x[49][2999]']);
});

it.each<[model: string, body: unknown, status: number, error: object]>([
  [
    'affine',
    { inputs: { x: [1, 'x'] } },
    400,
    { param: 'inputs.x[1]', code: 'invalid_input', type: 'invalid' },
  ],
  ['affine', { inputs: { x: [1] }, outputs: ['z'] }, 400, { param: 'outputs[0]', code: 'invalid_input' }],
  ['affine', '', 400, { message: 'the body is empty; expected a JSON object with "inputs"' }],
  ['affine', '{', 400, { code: 'invalid_input' }],
  ['dot', { instances: [] }, 400, { param: 'instances' }],
  ['nothing', {}, 404, { code: 'model_not_found' }],
  ['affine/versions/2', {}, 404, { code: 'version_not_found' }],
])('to %s: %j is refused', async (path, body, status, error) => {
  const [model, ...version] = path.split('/');
  const answer = await predict([model, ...version].join('/'), body);
  expect(answer.status).toBe(status);
  expect(answer.json().error).toMatchObject(error);
});

it('tells the classes of outputs with labels, of a sample model', async () => {
  const answer = await predict('digits', { inputs: { image: IMAGE_OF_SEVEN }, top_k: 2 });
  const version = await predict('digits/versions/1', { instances: [IMAGE_OF_SEVEN], top_k: 0 });
  const { outputs, classes } = answer.json();
  expect(outputs.label).toBe(7);
  expect(outputs.probabilities).toHaveLength(10);
  expect(classes.probabilities).toMatchObject([{ label: '7' }, {}]);
  expect(classes.probabilities[0].score).toBe(outputs.probabilities[7]);
  expect(version.json().predictions).toMatchObject([{ label: 7 }]);
  expect(version.json()).not.toHaveProperty('classes');
});
