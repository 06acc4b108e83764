import fc from 'fast-check';
import { parseExactJson } from '../../../src/common/exact-json';
import { jsonData } from '../../../src/tensor/json/json-data';
import { DATATYPES, ONNX_NAME } from '../../fixtures/datatypes';
import {
  affine,
  counter,
  dot,
  echo,
  identities,
  identity,
  lookup,
  normaliser,
  powers,
} from '../../fixtures/models';
import { anyTensor } from '../../unit/codec/tensors';
import { Gateway, Repository } from '../support/gateway';
import type { Answer, Message } from '../support/http';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .add('affine/2/model.onnx', affine(3))
    .model('counter', counter(), 'max_batch_rows: 1\n')
    .model('dot', dot())
    .model('echo', echo())
    .model('identities', identities())
    .model('image', identity('image', 'same', ['batch', 2, 2]))
    .model('large image', identity('image', 'same', ['batch', 'height', 'width']))
    .model('lookup', lookup())
    .model('named', identity('x', 'model_name', ['batch', 1]))
    .model('normaliser', normaliser())
    .model('parameters', identity('parameters', 'y', ['batch', 1]))
    .model('powers', powers());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const post = (path: string, body: object | string, more: Message = {}): Promise<Answer> =>
  gateway.send(`/v2/models/${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  });
const generate = (model: string, body: object | string, more?: Message) =>
  post(`${model}/generate`, body, more);

describe('generate', () => {
  it.each<[string, object, object]>([
    ['echo', { x: 'grün' }, { y: 'grün' }],
    ['echo', { x: ['a', ''] }, { y: ['a', ''] }],
    ['echo', { x: [] }, { y: [] }],
    ['affine', { x: [1, 2] }, { y: [4, 7] }],
    ['lookup', { index: 3 }, { y: 30 }],
    ['lookup', { index: [3, 4] }, { y: [30, 40] }],
    ['normaliser', { x: [1, 2] }, { share: [0.25, 0.5] }],
    ['dot', { a: [1, 2, 3], b: [4, 5, 6] }, { product: 32 }],
    ['image', { image: [1, 2, 3, 4] }, { same: [1, 2, 3, 4] }],
    ['image', { image: [1, 2, 3, 4, 5, 6, 7, 8] }, { same: [1, 2, 3, 4, 5, 6, 7, 8] }],
    ['powers', { x: 3 }, { square: 9, cube: 27 }],
  ])('of %s for %j is %j', async (model, body, outputs) => {
    const answer = await generate(model, body);
    const version = model === 'affine' ? '2' : '1';
    expect(answer.json()).toEqual({ model_name: model, model_version: version, ...outputs });
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.status).toBe(200);
  });

  it('takes inputs and parameters at the top and in parameters alike, and gives the id back', async () => {
    const parameters = { b: [1, 1, 1], temperature: 0.5, timeout: 9e6, stop: '\n' };
    const body = { id: 'one', a: [1, 2, 3], stream: false, priority: 1, parameters };
    expect((await generate('dot', body)).json()).toEqual({
      id: 'one',
      model_name: 'dot',
      model_version: '1',
      product: 6,
    });
    expect((await generate('echo', { id: '', x: 'a', parameters: null })).json()).not.toHaveProperty('id');
  });

  it('runs the version in its path', async () => {
    const answer = (await post('affine/versions/1/generate', { x: 1 })).json();
    expect(answer).toEqual({ model_name: 'affine', model_version: '1', y: 3 });
    const stream = await post('affine/versions/1/generate_stream', { x: 1 });
    expect(stream.body.toString()).toBe(`data: ${JSON.stringify(answer)}\n\n`);
  });

  it('takes and gives large bodies', async () => {
    const x = Array.from({ length: 100_000 }, (_, index) => index);
    const y = x.map((value) => 3 * value + 1);
    expect((await generate('affine', { x })).json().y).toEqual(y);
    const stream = (await post('affine/generate_stream', { x })).body.toString();
    expect(JSON.parse(stream.slice('data: '.length)).y).toEqual(y);
  });

  it('leaves a line in the log like any inference', async () => {
    await generate('lookup', { index: [1, 2] }, { headers: { 'x-request-id': 'logged' } });
    const found = () => gateway.logs.find(({ requestId }) => requestId === 'logged');
    await gateway.until(() => found() !== undefined);
    expect(found()).toMatchObject({
      route: '/v2/models/:model/generate',
      status: 200,
      model: 'lookup',
      version: '1',
      outcome: 'success',
      rows: 2,
    });
  });
});

it('generate makes of any values what infer makes of them', async () => {
  const tensors = fc.tuple(...DATATYPES.map((datatype) => anyTensor(datatype)));
  const property = fc.asyncProperty(tensors, fc.boolean(), async (values, bare) => {
    const elements = values.map(jsonData);
    const single = (data: readonly unknown[]) => (bare && data.length === 1 ? data[0] : data);
    const body = Object.fromEntries(
      DATATYPES.map((datatype, index) => [`in_${ONNX_NAME[datatype]}`, single(elements[index]!)]),
    );
    const inputs = DATATYPES.map((datatype, index) => {
      const data = elements[index]!;
      return { name: `in_${ONNX_NAME[datatype]}`, datatype, shape: [1, data.length], data };
    });
    const [generated, inferred] = await Promise.all([
      generate('identities', body),
      post('identities/infer', { inputs }),
    ]);
    expect([generated.status, inferred.status]).toEqual([200, 200]);
    const { outputs } = parseExactJson(inferred.body.toString()) as {
      outputs: { name: string; data: unknown[] }[];
    };
    expect({ ...(parseExactJson(generated.body.toString()) as object) }).toEqual({
      model_name: 'identities',
      model_version: '1',
      ...Object.fromEntries(outputs.map(({ name, data }) => [name, data.length === 1 ? data[0] : data])),
    });
  });
  await fc.assert(property, { numRuns: 50 });
});

it('generate_stream answers with one event', async () => {
  const { status, headers, body } = await post('echo/generate_stream', { id: 'one', x: 'two\nlines' });
  expect(body.toString()).toBe(
    'data: {"id":"one","model_name":"echo","model_version":"1","y":"two\\nlines"}\n\n',
  );
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'x-request-id': expect.any(String),
  });
  expect(status).toBe(200);
});

describe.each(['generate', 'generate_stream'])('%s refuses', (route) => {
  it.each<[string, string, object | string, RegExp]>([
    ['no body', 'echo', '', /^the body is not valid JSON: expected a value, got the end/],
    ['an array', 'echo', '[]', /^the body: expected a JSON object, got an empty array/],
    ['an id that is no text', 'echo', { id: 7, x: 'a' }, /^id: expected a string, got 7/],
    ['no input', 'echo', {}, /^missing input 'x': model 'echo' requires 'x' \(BYTES \[-1,-1\]\)/],
    [
      'a misspelt input',
      'echo',
      { X: ['a'] },
      /^X: .* \(only inputs can be arrays: 'x'\), got an array of 1/,
    ],
    ['an object', 'echo', { x: { text: 'a' } }, /^x: expected a string .* for BYTES, got an object/],
    ['null', 'echo', { x: null }, /^x: expected a string .* for BYTES, got null/],
    ['a number for text', 'echo', { x: 5 }, /^x: expected a string .* for BYTES, got 5/],
    ['a number among text', 'echo', { x: ['a', 5] }, /^x\[1\]: expected a string .* got 5/],
    ['text for a number', 'affine', { parameters: { x: ['1'] } }, /^parameters\.x\[0\]: .* FP32.*, got "1"/],
    ['a fraction for an integer', 'lookup', { index: 1.5 }, /^index: expected an integer .*, got 1\.5/],
    [
      'an input given twice',
      'echo',
      { x: 'a', parameters: { x: 'b' } },
      /^parameters\.x: .* once, got 'x' again/,
    ],
    ['a priority', 'echo', { x: 'a', priority: -1 }, /^priority: expected a priority .*, got -1/],
    [
      'a sequence',
      'echo',
      { x: 'a', parameters: { sequence_id: 4 } },
      /^parameters\.sequence_id: .* no state/,
    ],
    [
      'nested arrays',
      'image',
      {
        image: [
          [1, 2],
          [3, 4],
        ],
      },
      /^image: .* got nested arrays; use POST \/v2\/models\/image\/infer/,
    ],
    [
      'values for half an image',
      'image',
      { image: [1, 2] },
      /shape \[-1,2,2\]: expected a multiple of 4 elements, got 2; use POST/,
    ],
    [
      'values too many',
      'dot',
      { a: [1, 2, 3, 4] },
      /'a' has shape \[3\]: expected 3 elements, got 4; use POST/,
    ],
    [
      'a model with two variable dimensions',
      'large%20image',
      { image: [1, 2, 3, 4] },
      /^image: input 'image' has shape \[-1,-1,-1\], but only one variable dimension can be inferred; use POST \/v2\/models\/large%20image\/infer, which/,
    ],
    [
      'a model with an input of a taken name',
      'parameters',
      {},
      /name of its input 'parameters' is reserved in generate/,
    ],
    [
      'a model with an output of a taken name',
      'named',
      { x: 1 },
      /name of its output 'model_name' is reserved.*\/named\/infer/,
    ],
  ])('%s', async (_what, model, body, text) => {
    const answer = await post(`${model}/${route}`, body);
    expect(answer.json()).toEqual({ error: expect.stringMatching(text) });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.status).toBe(400);
  });

  it.each<[string, string, Message, number, RegExp]>([
    ['an unknown model', 'no', {}, 404, /^model 'no' not found/],
    ['an unknown version', 'echo/versions/7', {}, 404, /^model 'echo' version 7 not found/],
    ['another method', 'echo', { method: 'GET', body: [] }, 405, /does not support GET; use POST/],
    [
      'a coding',
      'echo',
      { headers: { 'content-encoding': 'br' } },
      415,
      /Content-Encoding 'br' is not supported/,
    ],
    ['a timeout', 'echo', { headers: { 'x-request-timeout': 'soon' } }, 400, /^header x-request-timeout: /],
  ])('%s with its status', async (_what, model, message, status, text) => {
    const answer = await post(`${model}/${route}`, { x: 'a' }, message);
    expect([answer.status, answer.json().error]).toEqual([status, expect.stringMatching(text)]);
  });
});

describe('while the model is busy', () => {
  const queued = (requests: number) => gateway.queued('counter', requests);
  const busy = async () => {
    const proceed = gateway.halt('counter');
    const answered = generate('counter', { count: 3 });
    await gateway.running('counter');
    return { answered, proceed };
  };

  it.each(['generate', 'generate_stream'])('a %s that waits too long is 504', async (route) => {
    const { answered, proceed } = await busy();
    const headers = { 'x-request-timeout': '20' };
    const late = await post(`counter/${route}`, { count: 1 }, { headers });
    expect([late.status, late.json().error]).toEqual([504, expect.stringMatching(/deadline of the request/)]);
    proceed();
    expect((await answered).json().total).toBe(3);
  });

  it('a generate_stream whose client leaves is dropped', async () => {
    const { answered, proceed } = await busy();
    const leaving = new AbortController();
    const init = {
      method: 'POST',
      headers: { 'x-request-id': 'left' },
      body: '{"count": 1}',
      signal: leaving.signal,
    };
    const left = gateway
      .fetch('/v2/models/counter/generate_stream', init)
      .catch((error: Error) => error.name);
    await queued(1);
    leaving.abort();
    expect(await left).toBe('AbortError');
    await gateway.logged(({ requestId }) => requestId === 'left');
    proceed();
    await answered;
    await gateway.reached(
      'nexus_inference_requests_total{model="counter",version="1",outcome="cancelled"}',
      1,
    );
  });
});
