import { affine, dot, echo } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { withBinary, type Message } from '../support/http';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('affine', affine()).model('dot', dot()).model('echo', echo());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

/** After whatever came before, the gateway serves as if nothing had been. */
afterEach(async () => {
  const answer = await gateway.infer('affine', { inputs: [X] });
  expect([answer.status, answer.body.outputs?.[0].data]).toEqual([200, [5, 7]]);
});

const X = fp32('x', [1, 2], [2, 3]);
const infer = (message: Message, model = 'affine') =>
  gateway.send(`/v2/models/${model}/infer`, { method: 'POST', ...message });
const inputs = (...changes: object[]) => ({ inputs: changes.map((change) => ({ ...X, ...change })) });
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('an inference request is refused with 400', () => {
  it.each<[string, string, RegExp]>([
    ['no body', '', /body is empty; expected a JSON object/],
    ['no JSON', 'x=1', /not valid JSON: expected a value, got "x" at position 0/],
    ['half of the JSON', '{"inputs": [', /not valid JSON: .* got the end/],
    ['something behind the JSON', '{"inputs": []} {}', /expected the end, got "{"/],
    ['a trailing comma', '{"inputs": [],}', /expected a key in double quotes/],
    ['bytes that are not UTF-8', '{"inputs": "\xff"}', /not valid UTF-8/],
    ['an array', '[]', /the body: expected a JSON object, got an empty array/],
    ['null', 'null', /the body: expected a JSON object, got null/],
    ['a depth bomb', `{"inputs": ${nested(30_000)}}`, /expected|nesting deeper/],
    ['a depth bomb that is no JSON', '['.repeat(60_000), /nesting deeper than 1000 levels/],
    ['a key __proto__', '{"__proto__": {}, "inputs": []}', /key "__proto__" is not allowed/],
    ['a number out of range', '{"inputs": [{"shape": [1e999]}]}', /exceeds the range|expected/],
  ])('when its body is %s', async (_what, body, text) => {
    const answer = await infer({ body: Buffer.from(body, 'latin1') });
    expect(answer.json()).toEqual({ error: expect.stringMatching(text) });
    expect(answer.status).toBe(400);
  });

  it.each<[string, object, RegExp]>([
    ['inputs missing', {}, /^inputs: expected an array, got nothing/],
    ['inputs that are no list', { inputs: {} }, /^inputs: expected an array, got an object/],
    ['an input that is no object', { inputs: [1] }, /^inputs\[0\]: expected a JSON object, got 1/],
    [
      'no input',
      { inputs: [] },
      /missing input 'x': model 'affine' requires 'x' \(FP32 \[-1,-1\]\), got no inputs/,
    ],
    ['another input', inputs({ name: 'z' }), /missing input 'x'.*, got 'z'/],
    ['an input too many', inputs({}, { name: 'z' }), /unexpected or repeated input 'z'/],
    ['an input twice', inputs({}, {}), /^inputs\[1\]\.name: expected unique names, got "x" again/],
    [
      'a name that is no string',
      inputs({ name: 1 }),
      /^inputs\[0\]\.name: expected a non-empty string, got 1/,
    ],
    [
      'the name __proto__',
      inputs({ name: '__proto__' }),
      /^inputs\[0\]\.name: expected the name of a tensor/,
    ],
    ['the name constructor', inputs({ name: 'constructor' }), /missing input 'x'/],
    ['a long name', inputs({ name: 'x'.repeat(10_000) }), /missing input 'x'/],
    ['another datatype', inputs({ datatype: 'INT64' }), /input 'x': expected datatype FP32, got INT64/],
    ['an unknown datatype', inputs({ datatype: 'FLOAT' }), /datatype: expected one of BOOL, .*, got "FLOAT"/],
    ['no datatype', inputs({ datatype: undefined }), /datatype: expected one of .*, got nothing/],
    ['no shape', inputs({ shape: undefined }), /shape: expected an array, got nothing/],
    ['a dimension too many', inputs({ shape: [1, 2, 1] }), /expected shape \[-1,-1\], got \[1,2,1\]/],
    ['a dimension too few', inputs({ shape: [2] }), /expected shape \[-1,-1\], got \[2\]/],
    ['33 dimensions', inputs({ shape: Array(33).fill(1) }), /shape: expected at most 32 dimensions/],
    ['a negative dimension', inputs({ shape: [-1, 2] }), /shape\[0\]: expected an integer from 0 .*, got -1/],
    ['a fractional dimension', inputs({ shape: [1.5, 2] }), /shape\[0\]: expected an integer/],
    ['a dimension that is text', inputs({ shape: ['1', 2] }), /shape\[0\]: expected an integer .*, got "1"/],
    ['a huge dimension', inputs({ shape: [1, 2 ** 53] }), /shape\[1\]: expected an integer/],
    ['a huge product', inputs({ shape: [2 ** 40, 2 ** 40] }), /shape: expected a product below 2\^53/],
    [
      'a shape of terabytes',
      inputs({ shape: [2 ** 20, 2 ** 20] }),
      /expected 1099511627776 elements.*, got 2/,
    ],
    ['too little data', inputs({ data: [1] }), /data: expected 2 elements to match the shape, got 1/],
    ['too much data', inputs({ data: [1, 2, 3] }), /data: expected 2 elements.*, got 3/],
    [
      'no data',
      inputs({ data: undefined }),
      /expected either data or parameters.binary_data_size, got neither/,
    ],
    ['data twice', inputs({ parameters: { binary_data_size: 8 } }), /got both/],
    ['data that is no list', inputs({ data: '1,2' }), /data: expected an array, got "1,2"/],
    ['text among numbers', inputs({ data: [1, 'two'] }), /data\[1\]: expected .*, got "two"/],
    ['an object among numbers', inputs({ data: [1, {}] }), /data\[1\]: expected .*, got an object/],
    ['a number too large', inputs({ data: [1, 1e39] }), /data\[1\]: expected .*, got 1e\+39/],
    ['ragged data', inputs({ data: [[1], 2] }), /data: expected an array like the items before it, got 2/],
    [
      'data nested too deep',
      inputs({ data: JSON.parse(nested(50)) }),
      /data: expected flat data or data nested/,
    ],
    ['an unknown output', { ...inputs({}), outputs: [{ name: 'z' }] }, /unexpected output 'z'; .* has 'y'/],
    [
      'an output twice',
      { ...inputs({}), outputs: [{ name: 'y' }, { name: 'y' }] },
      /^outputs\[1\]\.name: expected unique names/,
    ],
    ['outputs that are no list', { ...inputs({}), outputs: 'y' }, /^outputs: expected an array, got "y"/],
    ['an id that is no text', { ...inputs({}), id: 7 }, /^id: expected/],
    [
      'parameters that are no object',
      { ...inputs({}), parameters: [] },
      /^parameters: expected a JSON object/,
    ],
    [
      'a parameter that is a list',
      { ...inputs({}), parameters: { a: [] } },
      /^parameters\.a: expected a string/,
    ],
    ['a negative timeout', { ...inputs({}), parameters: { timeout: -1 } }, /^parameters\.timeout: .* got -1/],
    [
      'binary_data_output that is text',
      { ...inputs({}), parameters: { binary_data_output: 'yes' } },
      /^parameters\.binary_data_output: expected true or false, got "yes"/,
    ],
    [
      'shared memory of no size',
      inputs({ parameters: { shared_memory_region: 'r' } }),
      /shared_memory_byte_size: expected a number of bytes/,
    ],
  ])('for %s', async (_what, request, text) => {
    const answer = await infer({ body: JSON.stringify(request) });
    expect(answer.json()).toEqual({ error: expect.stringMatching(text) });
    expect(answer.status).toBe(400);
  });

  const binary = (size: unknown, more: object = {}) => ({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: size }, ...more }],
  });
  const of = (bytes: number) => new Uint8Array(bytes);
  it.each<[string, Message, RegExp]>([
    [
      'fewer bytes than the shape has',
      withBinary(binary(4), of(4)),
      /expected 8 bytes for its datatype and shape, got 4/,
    ],
    ['fewer bytes than announced', withBinary(binary(8), of(7)), /expected 8 bytes of binary data, got 7/],
    ['bytes that no tensor takes', withBinary(binary(8), of(9)), /1 bytes after the last binary tensor/],
    ['a negative size', withBinary(binary(-8), of(8)), /binary_data_size: expected a number of bytes/],
    ['a size that is text', withBinary(binary('8'), of(8)), /binary_data_size: expected a number of bytes/],
    [
      'a shape of terabytes',
      withBinary(binary(8, { shape: [2 ** 20, 2 ** 20] }), of(8)),
      /expected 4398046511104 bytes/,
    ],
    [
      'no header length',
      { body: withBinary(binary(8)).body },
      /requires the header Inference-Header-Content-Length/,
    ],
  ])('for binary data with %s', async (_what, message, text) => {
    const answer = await infer(message);
    expect(answer.json()).toEqual({ error: expect.stringMatching(text) });
    expect(answer.status).toBe(400);
  });

  it('for strings that do not fill their bytes', async () => {
    const x = { name: 'x', datatype: 'BYTES', shape: [1, 1], parameters: { binary_data_size: 8 } };
    const strings = async (...bytes: number[]) =>
      (await infer(withBinary({ inputs: [x] }, Uint8Array.from(bytes)), 'echo')).json().error;
    expect(await strings(5, 0, 0, 0, 97, 98, 99, 100)).toMatch(/element 0 is incomplete/);
    expect(await strings(255, 255, 255, 255, 97, 98, 99, 100)).toMatch(/element 0 is incomplete/);
    expect(await strings(1, 0, 0, 0, 97, 98, 99, 100)).toMatch(/expected 5 bytes for the 1 elements/);
    expect(await strings(4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)).toMatch(/expected text in UTF-8/);
  });

  it.each(['-1', '1e3', '99999', '9'.repeat(30), 'ten', ''])('for the header length %j', async (length) => {
    const headers = { 'inference-header-content-length': length };
    const answer = await infer({ headers, body: JSON.stringify(inputs({})) });
    expect(answer.json().error).toMatch(/inference-header-content-length: /i);
    expect(answer.status).toBe(400);
  });

  it.each(['soon', '-1', '1.5'])('for the deadline %j', async (deadline) => {
    const headers = { 'x-request-timeout': deadline };
    const answer = await infer({ headers, body: JSON.stringify(inputs({})) });
    expect(answer.json().error).toMatch(/header x-request-timeout: expected milliseconds as a whole number/);
  });

  it('for inputs whose rows differ, or whose fixed shape differs', async () => {
    const vector = (name: string, shape: number[]) => ({
      name,
      datatype: 'FP32',
      shape,
      data: [1, 2, 3, 4].slice(0, shape[0]),
    });
    const { body } = await gateway.infer('dot', { inputs: [vector('a', [3]), vector('b', [4])] });
    expect(body.error).toBe("input 'b': expected shape [3], got [4]");
  });
});
