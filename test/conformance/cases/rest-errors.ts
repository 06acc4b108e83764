import type { Case, Level } from '../case.ts';
import { equal, holds, refused } from '../expect.ts';
import { tensor } from '../tensor.ts';
import type { HttpMessage } from '../transports/http.ts';
import { binaryHead, withTensors } from '../transports/rest.ts';

const ERROR = 'Open Inference Protocol V2, Inference Error';
const EXTENSION = 'Binary tensor data extension';
const X = tensor('x', 'FP32', [1, 2], [2, 3]);
const JSON_X = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [2, 3] };
const BODY = JSON.stringify({ inputs: [JSON_X] });
const BINARY = withTensors({ inputs: [binaryHead(X)] }, [X]);

/** Mistakes that only HTTP allows. */
export const restErrorCases: readonly Case[] = [
  refuses('no body', ''),
  refuses('a body that is no JSON', 'x=1'),
  refuses('half of the JSON', BODY.slice(0, -5)),
  refuses('an array for a body', '[]'),
  refuses('a body without inputs', '{}'),
  refuses('an input without data', input({ data: undefined })),
  refuses('text among numbers', input({ data: [1, 'two'] })),
  // Among floats it is NaN to KServe's client, whose servers take it.
  refuses(
    'null among whole numbers',
    input({ name: 'in', datatype: 'UINT8', shape: [1], data: [null] }),
    'required',
    'identity_uint8',
  ),
  refuses('an unknown datatype', input({ datatype: 'FLOAT' })),
  refuses('a fractional dimension', input({ shape: [1.5, 2] }), 'recommended'),
  refuses(
    'a number beyond UINT8',
    input({ name: 'in', datatype: 'UINT8', shape: [1], data: [256] }),
    'recommended',
    'identity_uint8',
  ),
  refuses('100 000 nested arrays', '['.repeat(100_000)),
  ...['-1', '99999', 'ten'].map((length) =>
    refusesBinary(`the header length ${length}`, {
      ...BINARY,
      headers: { 'inference-header-content-length': length },
    }),
  ),
  refusesBinary('binary data without the header length', { body: BINARY.body }),
  refusesBinary('fewer bytes than announced', { ...BINARY, body: BINARY.body.subarray(0, -1) }),
  refusesBinary('bytes that no tensor takes', {
    ...BINARY,
    body: Buffer.concat([BINARY.body, Buffer.of(0)]),
  }),
  refusesBinary('both data and binary data', withTensors({ inputs: [{ ...JSON_X, ...binaryHead(X) }] }, [X])),
  {
    name: 'a wrong method is refused with 405',
    level: 'required',
    basis: 'HTTP, RFC 9110; Triton answers 405',
    on: ['REST JSON'],
    run: async ({ rest }) => equal('status', (await rest.send('/v2/models/affine/infer')).status, 405),
  },
  {
    name: 'a wrong method is told which ones are allowed',
    level: 'recommended',
    basis: 'HTTP, RFC 9110: 405 comes with Allow',
    on: ['REST JSON'],
    run: async ({ rest }) => {
      const { allow } = (await rest.send('/v2/models/affine/infer')).headers;
      holds(allow?.includes('POST') ?? false, 'Allow with POST', allow);
    },
  },
  {
    name: 'an unknown path is refused with 404',
    level: 'required',
    basis: 'HTTP, RFC 9110',
    on: ['REST JSON'],
    run: async ({ rest }) => equal('status', (await refused(rest.ask('/v2/no_such_path'))).status, 404),
  },
  {
    name: 'a content encoding that nobody knows is refused',
    level: 'recommended',
    basis: 'HTTP, RFC 9110: 415; Triton answers 501',
    on: ['REST JSON'],
    run: async ({ rest }) => {
      const call = rest.infer('affine', { body: BODY, headers: { 'content-encoding': 'x-none' } });
      await refused(call);
    },
  },
];

function input(changes: object): string {
  return JSON.stringify({ inputs: [{ ...JSON_X, ...changes }] });
}

function refuses(what: string, body: string, level: Level = 'required', model = 'affine'): Case {
  return {
    name: `${what} is refused`,
    level,
    basis: ERROR,
    on: ['REST JSON'],
    run: async ({ rest }) => void (await refused(rest.infer(model, { body }))),
  };
}

function refusesBinary(what: string, message: HttpMessage): Case {
  return {
    name: `${what} is refused`,
    level: 'required',
    basis: EXTENSION,
    on: ['REST binary'],
    run: async ({ rest }) => void (await refused(rest.infer('affine', message))),
  };
}
