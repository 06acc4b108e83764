import fc from 'fast-check';
import { affine } from '../fixtures/models';
import { Gateway, Repository } from './gateway';
import { sendBytes } from './http';

const SEED = 20_260_711;
const REQUESTS = 1000;
const AT_ONCE = 8;

const BODY = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]}';
const GOOD = [
  `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`,
  `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ninference-header-content-length: ${BODY.length}\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`,
  'POST /v2/repository/index HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  'GET /v2/models/affine HTTP/1.1\r\nhost: a\r\nx-request-id: 1\r\nconnection: close\r\n\r\n',
].map((text) => Buffer.from(text));

/** Words that have broken servers before, to be put anywhere. */
const WORDS = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  '%00',
  '%',
  '../',
  '"',
  '{',
  '[',
  ',',
  '-',
  '1e999',
  'NaN',
  '__proto__',
  '\xff',
  'x'.repeat(9000),
];

/** A change of a message: `cut` bytes at a place between 0 and 1 give way to others. */
const mutation = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(12),
  put: fc.oneof(
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...WORDS).map((word) => Buffer.from(word, 'latin1')),
  ),
});

const message = fc
  .tuple(fc.constantFrom(...GOOD), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([good, mutations]) =>
    mutations.reduce((bytes, { place, cut, put }) => {
      const at = Math.floor(place * bytes.length);
      return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
    }, good),
  );

describe('mutilated requests', () => {
  it('are never answered with 5xx and change nothing', async () => {
    const repository = new Repository().model('affine', affine());
    const gateway = await Gateway.start(repository, { NEXUS_LOG_LEVEL: 'error' });
    const [runner] = gateway.runners('affine/1');
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(message, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (messages) => {
          const answers = await Promise.all(messages.map((bytes) => sendBytes(gateway.url, bytes)));
          for (const answer of answers) expect(answer).not.toMatch(/^HTTP\/1\.1 5/m);
        }),
        { seed: SEED, numRuns: REQUESTS / AT_ONCE, endOnFailure: true },
      );
      const x = { name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] };
      expect((await gateway.infer('affine', { inputs: [x] })).body.outputs[0].data).toEqual([3]);
      expect(gateway.runners('affine/1')).toEqual([runner]);
      expect(gateway.logs).toEqual([]);
    } finally {
      await gateway.stop();
      repository.remove();
    }
  });
});
