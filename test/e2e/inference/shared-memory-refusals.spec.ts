import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { bytesElements, bytesOf } from '../../fixtures/binary';
import { affine, counter, echo } from '../../fixtures/models';
import { countTo } from '../../fixtures/requests';
import { Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { place, SharedRegions, typed } from '../support/shared-regions';
import { tearDown } from '../support/tear-down';

const MOST_REGIONS = 1024;
const SEED = 20_260_711;

let models: Repository;
let regions: SharedRegions;
let client: GrpcClient;

beforeAll(async () => {
  models = new Repository().model('affine', affine()).model('echo', echo()).model('counter', counter());
  regions = await SharedRegions.start(models);
  client = new GrpcClient(regions.gateway.grpc);
});

beforeEach(() => regions.share('x', bytesOf(Float32Array.of(1, 2))));

afterEach(() => regions.unregister());

afterAll(() => tearDown(client, regions, models));

const X = { name: 'x', datatype: 'FP32', shape: [1, 2] };

describe('registering is refused', () => {
  beforeAll(() => {
    regions.folder
      .add('file', new Uint8Array(10))
      .link('link', '/etc/passwd')
      .link('inner', regions.path('file'));
    mkdirSync(regions.path('sub'));
    writeFileSync(regions.path('sub/file'), 'text');
    execFileSync('mkfifo', [regions.path('pipe')]);
  });

  const file = { key: '/file', offset: 0, byte_size: 10 };
  it.each<[string, unknown, RegExp]>([
    ['no body', undefined, /^key: expected the name .*, got nothing/],
    ['a list', [], /^the body must be/],
    ['no key', { byte_size: 1 }, /^key: .* got nothing/],
    ['a number as key', { ...file, key: 5 }, /^key: .* got 5/],
    ...['', '/', '.', '/..', '..', '../file', 'sub/file', '/sub/file', '//file', '/etc/passwd', 'file\0'].map(
      (key): [string, unknown, RegExp] => [
        `the key ${JSON.stringify(key)}`,
        { ...file, key },
        /^key: expected the name of a shared memory object/,
      ],
    ),
    ['a link out of the folder', { ...file, key: 'link' }, /got a symbolic link at "link"/],
    ['a link within the folder', { ...file, key: 'inner' }, /got a symbolic link at "inner"/],
    ['a folder', { ...file, key: '/sub' }, /got a folder at "\/sub"/],
    ['a pipe', { ...file, key: '/pipe' }, /got a special file at "\/pipe"/],
    ['a file that is not there', { ...file, key: '/none' }, /got no such file at "\/none"/],
    ['too long a name', { ...file, key: 'x'.repeat(300) }, /got a name that is too long/],
    ['no size', { key: '/file' }, /^byte_size: expected a number of bytes, 1 or more, got nothing/],
    ['a size of 0', { ...file, byte_size: 0 }, /^byte_size: .* got 0/],
    ['a size that is not whole', { ...file, byte_size: 1.5 }, /^byte_size: .* got 1.5/],
    ['a size in text', { ...file, byte_size: '10' }, /^byte_size: .* got "10"/],
    ['a negative offset', { ...file, offset: -1 }, /^offset: .* got -1/],
    ['more than the file has', { ...file, byte_size: 11 }, /has 10 bytes, too few for 11 bytes/],
    ['the file from behind its start', { ...file, offset: 1 }, /too few for 10 bytes at offset 1/],
    ['the largest numbers', { ...file, offset: 2 ** 53 - 1, byte_size: 2 ** 53 - 1 }, /too few for/],
  ])('for %s', async (_what, registration, text) => {
    const answer = await regions.register('r', registration);
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringMatching(text)]);
    expect(regions.open).toEqual([regions.path('x')]);
  });

  it('over gRPC too', async () => {
    const register = async (change: object) => {
      const registration = { name: 'r', key: '/file', byte_size: 10, ...change };
      return (await client.call('SystemSharedMemoryRegister', registration)).error;
    };
    const refusal = (details: RegExp) => ({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(details),
    });
    expect(await register({ name: '' })).toMatchObject(
      refusal(/expected a region name of 1 to 256 characters, got 0/),
    );
    expect(await register({ name: 'r'.repeat(257) })).toMatchObject(refusal(/got 257/));
    expect(await register({ key: '' })).toMatchObject(refusal(/^key: /));
    expect(await register({ key: '/link' })).toMatchObject(refusal(/a symbolic link/));
    expect(await register({ byte_size: 0 })).toMatchObject(refusal(/^byte_size: .* got 0/));
    expect(await register({ offset: '18446744073709551615' })).toMatchObject(refusal(/^offset: /));
    expect(await register({ name: 'x' })).toMatchObject(refusal(/region 'x' is already registered/));
  });

  it('for a name that is taken', async () => {
    const answer = await regions.register('x', file);
    expect([answer.status, answer.json().error]).toEqual([
      400,
      "shared memory region 'x' is already registered; unregister it first",
    ]);
  });

  it('when there are many regions, however many come at once', async () => {
    const codes = await Promise.all(
      Array.from({ length: MOST_REGIONS + 50 }, async (_, index) => {
        const answer = await regions.register(`r${index}`, file);
        return answer.status;
      }),
    );
    expect(codes.filter((code) => code === 200)).toHaveLength(MOST_REGIONS - 1);
    expect(codes.filter((code) => code === 429)).toHaveLength(51);
    expect(regions.open).toHaveLength(MOST_REGIONS);
    await regions.unregister();
    expect(regions.open).toEqual([]);
  });

  it('for anything odd, and never with 5xx', async () => {
    const words = ['/file', 'file', 'link', 'sub', 'pipe', '..', '__proto__'];
    const text = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary' }));
    const number = fc.oneof(fc.constantFrom(0, 10, 2 ** 53, -1, 1e308), fc.double());
    const odd = fc.oneof(text, number, fc.jsonValue());
    const fields = { key: odd, offset: odd, byte_size: odd };
    const body = fc.oneof(
      fc.record(fields, { requiredKeys: [] }).map((registration) => JSON.stringify(registration)),
      fc.string({ unit: 'binary' }),
    );
    const name = text.filter((any) => any !== '').map((any) => any.toWellFormed());
    const message = fc.record({
      name,
      key: text,
      offset: fc.oneof(fc.nat(2), fc.maxSafeNat()),
      byte_size: fc.nat(12),
    });
    await fc.assert(
      fc.asyncProperty(name, body, message, async (region, content, registration) => {
        const path = `/v2/systemsharedmemory/region/${encodeURIComponent(region)}/register`;
        const answer = await regions.gateway.send(path, { method: 'POST', body: content });
        expect([200, 400, 404]).toContain(answer.status);
        const { error } = await client.call('SystemSharedMemoryRegister', registration);
        expect([undefined, status.INVALID_ARGUMENT]).toContain(error?.code);
        expect((await regions.gateway.send('/v2/systemsharedmemory/status')).status).toBe(200);
        expect((await client.call('SystemSharedMemoryStatus')).error).toBeUndefined();
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe('a request is refused', () => {
  const y = (parameters: object) => ({
    inputs: [{ ...X, data: [1, 2] }],
    outputs: [{ name: 'y', parameters }],
  });
  const x = (parameters: object, more: object = {}) => ({ inputs: [{ ...X, ...more, parameters }] });

  it.each<[string, object, number, RegExp]>([
    [
      'an input in an unknown region',
      x(place('no', 8)),
      404,
      /shared memory region 'no' not found; register/,
    ],
    ['an output in an unknown region', y(place('no', 8)), 404, /shared memory region 'no' not found/],
    ['an input beyond the region', x(place('x', 8, 4)), 400, /has 8 bytes, too few for 8 bytes at offset 4/],
    ['an output beyond the region', y(place('x', 9)), 400, /has 8 bytes, too few for 9 bytes at offset 0/],
    ['the largest numbers', x(place('x', 2 ** 53 - 1, 2 ** 53 - 1)), 413, /but the limit is 67108864/],
    [
      'too few bytes',
      x(place('x', 4)),
      400,
      /^inputs\[0\]\.parameters\.shared_memory_byte_size: expected 8 bytes/,
    ],
    ['too many bytes', x(place('x', 8), { shape: [1, 1] }), 400, /expected 4 bytes for its .* got 8/],
    [
      'too little room',
      y(place('x', 4)),
      400,
      /^output 'y' has 8 bytes, but shared_memory_byte_size allows only 4 /,
    ],
    [
      'a size that is text',
      x({ ...place('x', 8), shared_memory_byte_size: '8' }),
      400,
      /number of bytes, .* got "8"/,
    ],
    [
      'a negative offset',
      x({ ...place('x', 8), shared_memory_offset: -1 }),
      400,
      /number of bytes, .* got -1/,
    ],
    ['data beside it', x(place('x', 8), { data: [1, 2] }), 400, /^inputs\[0\]: expected neither data nor/],
    ['another datatype', x(place('x', 8), { datatype: 'INT32' }), 400, /expected datatype FP32, got INT32/],
    ['a shape that is none', x(place('x', 8), { shape: [2] }), 400, /expected shape \[-1,-1\], got \[2\]/],
  ])('for %s', async (_what, request, code, text) => {
    const { status: answered, body } = await regions.gateway.infer('affine', request);
    expect([answered, body.error]).toEqual([code, expect.stringMatching(text)]);
    expect(regions.read('x')).toEqual(bytesOf(Float32Array.of(1, 2)));
  });

  it.each<[string, object, number, RegExp]>([
    [
      'an unknown region',
      { inputs: [{ ...X, parameters: typed(place('no', 8)) }] },
      status.NOT_FOUND,
      /region 'no'/,
    ],
    [
      'contents beside it',
      { inputs: [{ ...X, parameters: typed(place('x', 8)), contents: { fp32_contents: [1, 2] } }] },
      status.INVALID_ARGUMENT,
      /^inputs\[0\]: expected no contents together with/,
    ],
    [
      'raw contents beside it',
      { inputs: [{ ...X, parameters: typed(place('x', 8)) }], raw_input_contents: [Buffer.alloc(8)] },
      status.INVALID_ARGUMENT,
      /^raw_input_contents: expected 0 entries, .* not in shared memory, got 1/,
    ],
    [
      'too little room',
      {
        inputs: [{ ...X, contents: { fp32_contents: [1, 2] } }],
        outputs: [{ name: 'y', parameters: typed(place('x', 4)) }],
      },
      status.INVALID_ARGUMENT,
      /^output 'y' has 8 bytes/,
    ],
    [
      'classes of it',
      {
        inputs: [{ ...X, contents: { fp32_contents: [1, 2] } }],
        outputs: [{ name: 'y', parameters: { ...typed(place('x', 8)), classification: { int64_param: 1 } } }],
      },
      status.INVALID_ARGUMENT,
      /^outputs\[0\]\.parameters: expected no classification together with/,
    ],
  ])('for %s over gRPC', async (_what, message, code, details) => {
    const { error } = await client.call('ModelInfer', { model_name: 'affine', ...message });
    expect(error).toMatchObject({ code, details: expect.stringMatching(details) });
  });

  it('for text that is none', async () => {
    await regions.share('text', bytesElements(['a', 'b']));
    const text = (byteSize: number, shape: number[]) => ({
      inputs: [{ name: 'x', datatype: 'BYTES', shape, parameters: place('text', byteSize) }],
    });
    const ask = async (request: object) => (await regions.gateway.infer('echo', request)).body.error;
    expect(await ask(text(10, [1, 2]))).toBeUndefined();
    expect(await ask(text(10, [1, 3]))).toMatch(/expected 3 elements, .* element 2 is incomplete/);
    expect(await ask(text(10, [1, 1]))).toMatch(/expected 5 bytes for the 1 elements of the shape, got 10/);
    expect(await ask(text(9, [1, 2]))).toMatch(/element 1 is incomplete/);
    writeFileSync(
      regions.path('text'),
      Buffer.concat([Buffer.from('abc'), bytesElements(['a', Buffer.of(0xff)])]),
    );
    expect(await ask(text(10, [1, 2]))).toMatch(/element 1: expected text in UTF-8/);
  });

  it('for inputs that are together larger than a body may be', async () => {
    regions.folder.add('large', '');
    truncateSync(regions.path('large'), 65 * 2 ** 20);
    await regions.register('large', { key: 'large', byte_size: 65 * 2 ** 20 });
    const { status: code, body } = await regions.gateway.infer('affine', x(place('large', 64 * 2 ** 20 + 4)));
    expect([code, body.error]).toEqual([413, expect.stringMatching(/67108868 bytes.*NEXUS_BODY_LIMIT/)]);
  });

  it('when the file has become too short, which stays so', async () => {
    truncateSync(regions.path('x'), 10);
    const shrunk = [400, expect.stringMatching(/file \/x of .* region 'x' is now shorter/)];
    for (const request of [x(place('x', 8)), y(place('x', 8))]) {
      const { status: code, body } = await regions.gateway.infer('affine', request);
      expect([code, body.error]).toEqual(shrunk);
    }
    expect(statSync(regions.path('x')).size).toBe(10);
  });

  it('when its region has been unregistered', async () => {
    await regions.unregister('x');
    expect((await regions.gateway.infer('affine', x(place('x', 8)))).status).toBe(404);
  });
});

it('a region that is unregistered while a request uses it is written to, and closed then', async () => {
  await regions.share('total', new Uint8Array(8));
  const steps = 1000;
  const proceed = regions.gateway.halt('counter');
  const answered = regions.gateway.infer('counter', {
    ...countTo(steps),
    outputs: [{ name: 'total', parameters: place('total', 8) }],
  });
  await regions.gateway.running('counter');
  await regions.unregister('total');
  expect(regions.open).toContain(regions.path('total'));
  regions.folder.add('other', new Uint8Array(8));
  expect((await regions.register('total', { key: 'other', byte_size: 8 })).status).toBe(200);
  proceed();
  expect((await answered).status).toBe(200);
  expect(regions.read('total').readBigInt64LE()).toBe(BigInt(steps));
  expect(readFileSync(regions.path('other')).readBigInt64LE()).toBe(0n);
  expect(regions.open.toSorted()).toEqual([regions.path('other'), regions.path('x')]);
});

it('requests that fail leave no file open', async () => {
  for (const parameters of [place('x', 4), place('x', 8, 4)])
    await regions.gateway.infer('affine', { inputs: [{ ...X, parameters }] });
  await regions.unregister();
  expect(regions.open).toEqual([]);
});
