import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { affine, wide } from '../../fixtures/models';
import { int64, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const MIB = 2 ** 20;

/** A mount of its own for the gateway, with little shared memory. */
const SMALL_MEMORY = [
  'unshare',
  '-m',
  'sh',
  '-c',
  'mount -t tmpfs -o size=8m none /dev/shm && exec "$@"',
  'sh',
];
/** Files of at most 8 MiB: `ulimit -f` counts blocks of 512 bytes. */
const SMALL_FILES = ['sh', '-c', 'ulimit -f 16384 && exec "$@"', 'sh'];

const x = oneRow(1, 2);
/** Asks `wide` for so many MiB of outputs. */
const mebibytes = (count: number) => ({
  inputs: [int64('count', [1], [(count * MIB) / 4])],
  parameters: { binary_data_output: true },
});

let repository: Repository;
let gateway: Gateway;

async function start(under: readonly string[]): Promise<void> {
  repository = new Repository().model('affine', affine()).model('wide', wide(), 'max_batch_rows: 1\n');
  gateway = await Gateway.start(repository, {}, { under });
}

afterEach(() => tearDown(gateway, repository));

const ask = (request: object) =>
  gateway.send('/v2/models/wide/infer', { method: 'POST', body: JSON.stringify(request) });

/** Memory of all slabs that the gateway has open, in bytes. */
function slabBytes(): number {
  const folder = `/proc/${gateway.pid}/fd`;
  const slabs = readdirSync(folder).filter((fd) => /\/nexus-[\w-]+/.test(readlinkSync(`${folder}/${fd}`)));
  return slabs.reduce((sum, fd) => sum + statSync(`${folder}/${fd}`).blocks * 512, 0);
}

const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
if (!canMount) process.stderr.write('skipped: this user may not mount a small /dev/shm of its own\n');

describe('outputs without room in shared memory', () => {
  it.each([
    ['a file system that is full', SMALL_MEMORY, canMount],
    ['files that may not be as large', SMALL_FILES, true],
  ])('are refused with the remedy, and leave room for other models: %s', async (_what, under, isPossible) => {
    if (!isPossible) return;
    await start(under);
    const { status, headers, ...answer } = await ask(mebibytes(12));
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    expect(answer.json().error).toBe(
      '/dev/shm has no space for 12582912 bytes of outputs; send fewer rows per request, or enlarge it (docker run --shm-size=1g)',
    );
    expect(slabBytes()).toBe(0);
    expect((await gateway.infer('affine', x)).status).toBe(200);
    expect((await ask(mebibytes(2))).status).toBe(200);
  });
});

describe('the memory of a model that is idle', () => {
  it('is what its batches usually take', async () => {
    await start([]);
    expect((await ask(mebibytes(64))).status).toBe(200);
    expect(slabBytes()).toBeLessThan(17 * MIB);
    for (let batch = 0; batch < 8; batch++) await ask(mebibytes(8));
    expect(slabBytes()).toBeGreaterThanOrEqual(8 * MIB);
    for (let batch = 0; batch < 30; batch++) await ask(mebibytes(1));
    expect(slabBytes()).toBeLessThan(5 * MIB);
  });
});
