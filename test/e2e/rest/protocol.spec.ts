import { deflateSync, gzipSync } from 'node:zlib';
import { bytesElements, bytesOf } from '../../fixtures/binary';
import { affine, echo, powers } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { split, withBinary, type Message } from '../support/http';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('affine', affine()).model('powers', powers()).model('echo', echo());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const infer = (model: string, message: Message) =>
  gateway.send(`/v2/models/${model}/infer`, { method: 'POST', ...message });

const JSON_X = fp32('x', [1, 2], [2, 3]);
const BINARY_X = { name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } };
const X = Float32Array.of(2, 3);
const REQUEST = JSON.stringify({ inputs: [JSON_X] });

describe('the body of an inference request', () => {
  it.each([
    undefined,
    'application/json',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'text/plain; charset=latin1',
    'not a media type',
    '',
  ])('is read whatever its Content-Type: %j', async (type) => {
    const answer = await infer('affine', {
      headers: type === undefined ? {} : { 'content-type': type },
      body: REQUEST,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json().outputs[0].data).toEqual([5, 7]);
  });

  it('may come in chunks', async () => {
    const { body, headers } = withBinary({ inputs: [BINARY_X] }, X);
    const pieces = Array.from(body, (_, index) => body.subarray(index, index + 1));
    expect((await infer('affine', { headers, body: pieces })).json().outputs[0].data).toEqual([5, 7]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['GZIP', gzipSync],
    ['identity', (body: Buffer) => body],
  ])('may be encoded with %s; the header length is that of the plain JSON', async (encoding, encode) => {
    // Much longer plain than compressed, so that the two lengths cannot be mistaken for each other.
    const { body, headers } = withBinary({ id: ' '.repeat(2000), inputs: [BINARY_X] }, X);
    const encoded = { 'content-encoding': encoding, ...headers };
    const answer = await infer('affine', { headers: encoded, body: encode(body) });
    expect(answer.json()).toMatchObject({ outputs: [{ data: [5, 7] }] });
    const plain = await infer('affine', {
      headers: { 'content-encoding': encoding },
      body: encode(Buffer.from(REQUEST)),
    });
    expect(plain.json()).toMatchObject({ outputs: [{ data: [5, 7] }] });
  });

  it('may have keys that nobody knows', async () => {
    const body = JSON.stringify({
      model_name: 'other',
      inputs: [{ ...JSON_X, colour: 'red' }],
      extra: { a: [1] },
    });
    expect((await infer('affine', { body })).status).toBe(200);
  });

  it('may have NaN and infinities as bare tokens, which come back as strings', async () => {
    const body = REQUEST.replace('[2,3]', '[NaN, -Infinity]');
    expect((await infer('affine', { body })).json().outputs[0].data).toEqual(['NaN', '-Infinity']);
  });

  it('may have data nested like its shape; the answer is flat', async () => {
    const body = JSON.stringify({ inputs: [{ ...JSON_X, shape: [2, 1], data: [[2], [3]] }] });
    expect((await infer('affine', { body })).json().outputs[0]).toMatchObject({
      shape: [2, 1],
      data: [5, 7],
    });
  });
});

describe('the outputs', () => {
  it('are all the outputs of the model when none, or an empty list, is asked for', async () => {
    for (const outputs of [undefined, [], null]) {
      const { outputs: given } = (
        await infer('powers', { body: JSON.stringify({ inputs: [JSON_X], outputs }) })
      ).json();
      expect(given).toEqual([
        { name: 'square', datatype: 'FP32', shape: [1, 2], data: [4, 9] },
        { name: 'cube', datatype: 'FP32', shape: [1, 2], data: [8, 27] },
      ]);
    }
  });

  it('are those asked for, in that order', async () => {
    const names = async (...asked: string[]) => {
      const outputs = asked.map((name) => ({ name }));
      const answer = await infer('powers', { body: JSON.stringify({ inputs: [JSON_X], outputs }) });
      return answer.json().outputs.map(({ name }: { name: string }) => name);
    };
    expect(await names('cube')).toEqual(['cube']);
    expect(await names('cube', 'square')).toEqual(['cube', 'square']);
  });

  it('are binary with binary_data_output, one behind the other', async () => {
    const { body, headers } = withBinary({ inputs: [BINARY_X], parameters: { binary_data_output: true } }, X);
    const answer = await infer('powers', { headers, body });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    const { json, binary } = split(answer);
    expect(json.outputs).toEqual([
      { name: 'square', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
      { name: 'cube', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
    ]);
    expect(binary).toEqual(bytesOf(Float32Array.of(4, 9, 8, 27)));
  });

  it('are mixed when only one is asked for as binary; one listed without a word is JSON', async () => {
    const outputs = [{ name: 'square' }, { name: 'cube', parameters: { binary_data: true } }];
    const request = { inputs: [JSON_X], outputs, parameters: { binary_data_output: true } };
    const { json, binary } = split(await infer('powers', { body: JSON.stringify(request) }));
    expect(json.outputs).toEqual([
      { name: 'square', datatype: 'FP32', shape: [1, 2], data: [4, 9] },
      { name: 'cube', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
    ]);
    expect(binary).toEqual(bytesOf(Float32Array.of(8, 27)));
  });

  it('follow JSON that is not ASCII, few bytes as well as many', async () => {
    for (const columns of [2, 100_000]) {
      const values = Float32Array.from({ length: columns }, (_, index) => index);
      const x = { ...BINARY_X, shape: [1, columns], parameters: { binary_data_size: values.byteLength } };
      const request = { id: 'grün 😀', inputs: [x], parameters: { binary_data_output: true } };
      const { body, headers } = withBinary(request, values);
      const answer = await infer('powers', { headers, body });
      expect(answer.headers['content-length']).toBe(String(answer.body.length));
      const { json, binary } = split(answer);
      expect(json.id).toBe('grün 😀');
      const square = values.map((value) => value * value);
      const cube = square.map((value, index) => value * values[index]!);
      expect(Buffer.compare(binary, Buffer.concat([square, cube].map(bytesOf)))).toBe(0);
    }
  });

  it('carry strings as lengths and UTF-8, both ways', async () => {
    const bytes = bytesElements(['', 'grün 😀']);
    const x = { name: 'x', datatype: 'BYTES', shape: [1, 2], parameters: { binary_data_size: bytes.length } };
    const { body, headers } = withBinary({ inputs: [x], parameters: { binary_data_output: true } }, bytes);
    const { binary } = split(await infer('echo', { headers, body }));
    expect(binary).toEqual(bytes);
  });

  it('of no bytes have their size and need no header', async () => {
    const x = { ...BINARY_X, shape: [0, 2], parameters: { binary_data_size: 0 } };
    const { body, headers } = withBinary({ inputs: [x], parameters: { binary_data_output: true } });
    const { json, binary } = split(await infer('affine', { headers, body }));
    expect(json.outputs).toEqual([
      { name: 'y', datatype: 'FP32', shape: [0, 2], parameters: { binary_data_size: 0 } },
    ]);
    expect(binary).toHaveLength(0);
  });
});
