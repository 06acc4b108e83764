import { deflateSync, gzipSync } from 'node:zlib';
import type { Case } from '../case.ts';
import { equal, holds, sameTensors } from '../expect.ts';
import { tensor } from '../tensor.ts';
import type { HttpAnswer, HttpMessage } from '../transports/http.ts';
import { binaryHead, readAnswer, withTensors } from '../transports/rest.ts';

const X = tensor('x', 'FP32', [1, 2], [2, 3]);
const Y = tensor('y', 'FP32', [1, 2], [5, 7]);
const JSON_X = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [2, 3] };
const BODY = JSON.stringify({ inputs: [JSON_X] });
const ALL_BINARY = { binary_data_output: true };
const BINARY = withTensors({ id: ' '.repeat(2000), inputs: [binaryHead(X)] }, [X]);

const REQUEST = 'Open Inference Protocol V2, Inference Request JSON Object';
const EXTENSION = 'Binary tensor data extension';
const CONTENT_TYPE =
  "Triton never reads a request's Content-Type; its clients send none, or octet-stream for JSON";
const TYPES = [
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'text/plain',
];
const COMPRESSIONS = { gzip: gzipSync, deflate: deflateSync };

/** What only HTTP has: media types, encodings, keys of JSON, and which outputs are binary. */
export const restCases: readonly Case[] = [
  accepts('JSON without Content-Type', 'recommended', CONTENT_TYPE, { body: BODY }),
  ...TYPES.map((type) =>
    accepts(`JSON as ${type}`, type === 'application/json' ? 'required' : 'recommended', CONTENT_TYPE, {
      body: BODY,
      headers: { 'content-type': type },
    }),
  ),
  accepts('a chunked body', 'required', 'HTTP/1.1', { body: [BODY.slice(0, 10), BODY.slice(10)] }),
  ...Object.entries(COMPRESSIONS).flatMap(([encoding, compress]) => [
    accepts(`JSON in ${encoding}`, 'recommended', "Triton's HTTP compression", {
      body: compress(BODY),
      headers: { 'content-encoding': encoding },
    }),
    accepts(`bytes in ${encoding}, the header length that of the plain JSON`, 'recommended', 'tritonclient', {
      body: compress(BINARY.body),
      headers: { ...BINARY.headers, 'content-encoding': encoding },
    }),
  ]),
  accepts('keys that nobody knows', 'recommended', `${REQUEST}; Triton ignores them`, {
    body: JSON.stringify({ model_name: 'other', inputs: [{ ...JSON_X, colour: 'red' }], extra: { a: [1] } }),
  }),
  accepts('parameters that nobody knows', 'required', 'Open Inference Protocol V2, Parameters', {
    body: JSON.stringify({ inputs: [JSON_X], parameters: { text: 'a', number: 1.5, flag: true } }),
  }),
  {
    ...answers('JSON says that it is JSON', { inputs: [JSON_X] }, (answer) =>
      holds(/^application\/json\b/.test(typeOf(answer)), 'Content-Type application/json', typeOf(answer)),
    ),
    level: 'recommended',
  },
  answers('outputs are JSON when nothing else is asked for', { inputs: [JSON_X] }, isJson),
  answers(
    'binary_data_output makes every output binary',
    { inputs: [JSON_X], parameters: ALL_BINARY },
    isBinary,
  ),
  answers(
    'binary_data makes an output binary',
    { inputs: [JSON_X], outputs: [{ name: 'y', parameters: { binary_data: true } }] },
    isBinary,
  ),
  answers(
    'binary_data: false goes before binary_data_output',
    {
      inputs: [JSON_X],
      outputs: [{ name: 'y', parameters: { binary_data: false } }],
      parameters: ALL_BINARY,
    },
    isJson,
  ),
  {
    ...answers(
      'a listed output without binary_data is JSON in spite of binary_data_output',
      { inputs: [JSON_X], outputs: [{ name: 'y' }], parameters: ALL_BINARY },
      isJson,
    ),
    level: 'recommended',
    basis: 'Triton tests it; the text of the extension says the opposite',
  },
];

function accepts(what: string, level: Case['level'], basis: string, message: HttpMessage): Case {
  return {
    name: `${what} is accepted`,
    level,
    basis,
    on: [
      message.headers && 'inference-header-content-length' in message.headers ? 'REST binary' : 'REST JSON',
    ],
    run: async ({ rest }) => sameTensors(readAnswer(await rest.infer('affine', message)).outputs, [Y]),
  };
}

function answers(name: string, request: object, check: (answer: HttpAnswer) => void): Case {
  return {
    name,
    level: 'required',
    basis: EXTENSION,
    on: ['REST binary'],
    run: async ({ rest }) => {
      const answer = await rest.infer('affine', { body: JSON.stringify(request) });
      sameTensors(readAnswer(answer).outputs, [Y]);
      check(answer);
    },
  };
}

function isJson({ headers }: HttpAnswer): void {
  equal('Inference-Header-Content-Length', headers['inference-header-content-length'], undefined);
}

function isBinary(answer: HttpAnswer): void {
  const length = Number(answer.headers['inference-header-content-length']);
  equal('bytes behind the JSON', answer.body.length - length, Y.bytes.length);
  equal('Content-Type', typeOf(answer), 'application/octet-stream');
}

function typeOf({ headers }: HttpAnswer): string {
  return headers['content-type'] ?? 'none';
}
