// grpcurl with an API key as metadata. Arguments: the program, the address of gRPC, and the key.
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { runChecks } from './checks.mjs';

const [program, address, key] = process.argv.slice(2);
const MODEL_METADATA = ['-d', '{"name":"affine"}', address, 'inference.GRPCInferenceService/ModelMetadata'];

/** What grpcurl prints, also if it fails. */
function grpcurl(headers, ...args) {
  const flags = headers.flatMap((header) => ['-H', header]);
  const { stdout, stderr } = spawnSync(program, ['-plaintext', ...flags, ...args], { encoding: 'utf8' });
  return stdout + stderr;
}

const WAYS = {
  Bearer: `authorization: Bearer ${key}`,
  'x-api-key': `x-api-key: ${key}`,
  Basic: `authorization: Basic ${Buffer.from(`user:${key}`).toString('base64')}`,
};

const CHECKS = {
  ...Object.fromEntries(
    Object.entries(WAYS).map(([way, header]) => [
      `list and call with ${way}`,
      () => {
        assert.match(grpcurl([header], address, 'list'), /inference\.GRPCInferenceService/);
        assert.match(grpcurl([header], ...MODEL_METADATA), /"name": "affine"/);
      },
    ]),
  ),
  'nothing without a key': () => {
    assert.match(grpcurl([], address, 'list'), /credentials/);
    assert.match(grpcurl([`x-api-key: ${key}x`], ...MODEL_METADATA), /credentials/);
  },
};

await runChecks(CHECKS);
