// grpcurl, which knows the service by server reflection alone. Arguments: the program, and the address of gRPC.
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { runChecks } from './checks.mjs';

const [program, address] = process.argv.slice(2);
const SERVICE = 'inference.GRPCInferenceService';

/** What grpcurl prints; throws with what it says when it fails. */
function grpcurl(...args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    throw new Error(error.stderr.trim().replaceAll(/\s+/g, ' '), { cause: error });
  }
}

const ask = (...words) => grpcurl('-plaintext', address, ...words);
const call = (method, message = {}) =>
  JSON.parse(grpcurl('-plaintext', '-d', JSON.stringify(message), address, `${SERVICE}/${method}`));

const X = { name: 'x', datatype: 'FP32', shape: ['1', '2'], contents: { fp32_contents: [1, 2] } };

const CHECKS = {
  'list the services': () => {
    const services = ask('list').split('\n');
    assert(services.includes(SERVICE) && services.includes('grpc.health.v1.Health'), services.join());
  },
  'describe every message': () => {
    const methods = ask('describe', SERVICE);
    const messages = new Set(methods.match(/\binference\.\w+(?= \))/g));
    assert(messages.size > 20, methods);
    for (const message of messages) assert.match(ask('describe', message), /is a message/);
  },
  'describe a map': () =>
    assert.match(
      ask('describe', 'inference.ModelInferRequest'),
      /map<string, \.inference\.InferParameter> parameters = 4/,
    ),
  ServerLive: () => assert.deepEqual(call('ServerLive'), { live: true }),
  'ModelInfer, with parameters': () => {
    const answer = call('ModelInfer', {
      model_name: 'affine',
      inputs: [X],
      parameters: { priority: { int64_param: '1' } },
    });
    const bytes = Buffer.from(answer.raw_output_contents[0], 'base64');
    assert.deepEqual([bytes.readFloatLE(0), bytes.readFloatLE(4)], [3, 5]);
  },
  'a map in an answer': () => assert(call('ModelStatistics', { name: 'affine' }).model_stats.length === 1),
  'a refusal': () =>
    assert.throws(() => call('ModelInfer', { model_name: 'affine' }), /InvalidArgument.*input/),
  'health check': () =>
    assert.match(grpcurl('-plaintext', address, 'grpc.health.v1.Health/Check'), /"status": "SERVING"/),
};

await runChecks(CHECKS);
