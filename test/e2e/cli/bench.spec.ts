import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const SHORT = ['--duration', '0.3', '--warm-up', '0.1'];

let repository: Repository;
let gateway: Gateway;
/** Temporary folder of the command, which must be empty when it has ended. */
let temporary: string;

beforeAll(async () => {
  repository = new Repository()
    .sample('digits')
    .sample('sentences')
    .sample('digits-from-bitmap')
    .sample('bitmap-blocks')
    .model('limited', affine(), 'limits: { requests_per_minute: 2 }');
  gateway = await Gateway.start(repository);
  temporary = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
});
afterAll(async () => {
  await tearDown(gateway, repository);
  rmSync(temporary, { recursive: true, force: true });
});

function start(...args: readonly string[]) {
  return spawn(process.execPath, ['dist/main.js', 'bench', ...args], {
    env: { ...process.env, TMPDIR: temporary, NEXUS_MODEL_REPOSITORY: repository.path },
  });
}

async function bench(...args: readonly string[]) {
  const child = start(...args);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { stdout, stderr, code };
}

/** Measures the gateway of this file. Resolves with the JSON that the command prints. */
async function measured(...args: readonly string[]) {
  const { stdout, stderr, code } = await bench(...SHORT, ...args, '--url', gateway.url, '--json');
  // On a busy machine, stderr has progress.
  expect({ stderr, code }).toMatchObject({ code: 0 });
  return JSON.parse(stdout);
}

/** Processes that the command has started and that still run: the temporary folder is in their environment. */
function strays(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(temporary));
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // It has ended meanwhile, or belongs to another user.
    return '';
  }
}

/** Resolves when the command has printed `progress` on stderr. */
async function shows(child: ReturnType<typeof start>, progress: string): Promise<void> {
  let seen = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (seen += part));
  while (!seen.includes(progress)) await once(child.stderr, 'data');
}

describe('nexus bench', () => {
  it('measures a closed loop: latency, throughput, and what the gateway says of it', async () => {
    const { model, requests, results } = await measured('digits', '-c', '1,4', '--rows', '3');
    expect([model, requests]).toEqual(['digits', 'V2 with binary tensors, 3 rows per request']);
    expect(results).toHaveLength(2);
    for (const [index, result] of results.entries()) {
      expect(result).toMatchObject({ mode: 'closed', concurrency: [1, 4][index], errors: [] });
      expect(result.requests).toBeGreaterThan(0);
      expect(result.rows_per_s / result.requests_per_s).toBeCloseTo(3);
      const { p50, p90, p95, p99, max } = result.latency_ms;
      expect([p50, p90, p95, p99, max]).toEqual(
        [p50, p90, p95, p99, max].toSorted((one, other) => one - other),
      );
      expect(p50).toBeGreaterThan(0);
      expect(result.server.rows_per_run).toBeGreaterThanOrEqual(3);
      expect(result.server.run_ms).toBeGreaterThan(0);
    }
  });

  it('measures an open loop', async () => {
    const { results } = await measured('digits', '--rate', '50', '--duration', '2');
    expect(results).toMatchObject([{ mode: 'open', rate: 50, errors: [] }]);
    expect(results[0].requests).toBeGreaterThan(0);
  });

  it.each([
    ['sentences', 'predict, 1 text of JSON per request'],
    ['digits-from-bitmap', 'V2 with binary tensors, 1 row per request'],
  ])('makes requests that %s accepts', async (model, form) => {
    const { requests, results } = await measured(model, '-c', '2');
    expect(requests).toBe(form);
    expect(results).toMatchObject([{ errors: [] }]);
  });

  it('sends requests of a file', async () => {
    const file = join(repository.path, 'requests.json');
    const rows = Array.from({ length: 2 }, () => Array.from({ length: 8 }, () => Array(8).fill(1)));
    writeFileSync(
      file,
      JSON.stringify([
        { inputs: { image: rows } },
        { inputs: [{ name: 'image', datatype: 'FP32', shape: [2, 8, 8], data: rows.flat(2) }] },
      ]),
    );
    const { requests, results } = await measured('digits', '-c', '1', '--data', file);
    expect(requests).toBe(`2 requests of ${file}`);
    expect(results).toMatchObject([{ errors: [] }]);
    expect(results[0].rows_per_s / results[0].requests_per_s).toBeCloseTo(2);
  });

  it('prints a table', async () => {
    const { stdout, code } = await bench('digits', '-c', '2', ...SHORT, '--url', gateway.url);
    expect(code).toBe(0);
    const [head, , titles, row] = stdout.split('\n');
    expect(head).toBe(`digits at ${gateway.url}: V2 with binary tensors, 1 row per request`);
    expect(titles!.trim().split(/ {2,}/)).toEqual([
      'clients',
      'requests/s',
      'rows/s',
      'p50 ms',
      'p90 ms',
      'p95 ms',
      'p99 ms',
      'queue ms',
      'run ms',
      'rows/run',
      'errors',
    ]);
    expect(row).toMatch(/^ +2( +[\d.]+){9} +0$/);
  });

  it('counts failed requests by their status, and shows one', async () => {
    const { results, warnings } = await measured('limited', '-c', '1', '--shape', 'x:8');
    expect(results[0].errors).toMatchObject([{ status: '429' }]);
    expect(results[0].errors[0].example).toContain('limit');
    expect(warnings).toContainEqual(expect.stringContaining('the gateway rejected requests'));
  });

  it('prints what it has measured when it is interrupted', async () => {
    const child = start('digits', '-c', '1,2', '--duration', '600', '--url', gateway.url, '--json');
    const stdout = text(child.stdout);
    const closed = once(child, 'close');
    await shows(child, 'measuring 600 s');
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(130);
    const { results } = JSON.parse(await stdout);
    expect(results).toHaveLength(1);
    expect(results[0].requests).toBeGreaterThan(0);
  });

  it.each([
    [['nope'], 1, "model 'nope' not found"],
    [['digits', '-c', 'x'], 2, 'expected --concurrency with'],
    [['digits', '-c', '1', '-r', '1'], 2, 'expected --concurrency or --rate'],
    [['digits', '--p99', '5'], 2, '--p99 is an option of --sweep'],
    [['digits', '--shape', 'image:8'], 2, 'expected --shape image:<dimensions>'],
    [['digits', '--data', '/nowhere.json'], 2, 'cannot read /nowhere.json'],
    [['digits', '--url', 'http://127.0.0.1:9'], 3, 'cannot reach'],
  ] as const)('refuses %j', async (args, expected, message) => {
    const url = args.includes('--url' as never) ? [] : ['--url', gateway.url];
    const { stdout, stderr, code } = await bench(...args, ...url);
    expect([stdout, code]).toEqual(['', expected]);
    expect(stderr).toContain(`bench: ${message}`);
  });
});

describe('nexus bench --sweep', () => {
  const VALUES = ['--instances', '1', '--threads', '1', '--batch', '8', ...SHORT];

  afterEach(() => {
    expect(readdirSync(temporary)).toEqual([]);
    expect(strays()).toEqual([]);
  });

  it('measures each combination of settings in a private gateway, and leaves nothing behind', async () => {
    const { stdout, stderr, code } = await bench(
      'digits',
      '--sweep',
      ...VALUES,
      '--p99',
      '10000',
      '-c',
      '2',
      '--json',
    );
    expect([stderr.includes('error'), code]).toEqual([false, 0]);
    const { p99_ms: p99, candidates, recommendation } = JSON.parse(stdout);
    expect(p99).toBe(10_000);
    const summary = candidates.map(({ current, settings, rounds }: any) => [
      current,
      settings,
      rounds.length,
    ]);
    expect(summary).toEqual([
      [true, { instances: 1, threads: expect.any(Number), max_batch_rows: 64 }, 5],
      [false, { instances: 1, threads: 1, max_batch_rows: 8 }, 5],
    ]);
    for (const { rounds } of candidates)
      expect(rounds[0]).toMatchObject({ errors: [], memory_bytes: expect.any(Number) });
    expect(recommendation).toMatchObject({
      keeps_p99: true,
      noise: expect.any(Number),
      change: expect.any(Boolean),
    });
    expect(recommendation.settings).toEqual({ instances: 1, threads: 1, max_batch_rows: 8 });
  });

  it('ends its gateway and removes its files when it is interrupted', async () => {
    const child = start('digits', '--sweep', ...VALUES, '--duration', '600');
    const stdout = text(child.stdout);
    const closed = once(child, 'close');
    await shows(child, 'current settings');
    expect(readdirSync(temporary)).not.toEqual([]);
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(130);
    expect(await stdout).toContain('Not enough rounds to compare the settings.');
  });

  it('says what it cannot sweep', async () => {
    expect((await bench('digits-from-bitmap', '--sweep')).stderr).toContain(
      'digits-from-bitmap is a pipeline',
    );
    expect((await bench('nope', '--sweep')).stderr).toContain(`no model nope in ${repository.path}`);
    expect((await bench('digits', '--sweep', '--repository', '/nowhere')).stderr).toContain('cannot read');
    mkdirSync(join(repository.path, 'triton'));
    repository.model('triton', affine()).add('triton/config.pbtxt', 'max_batch_size: 4');
    expect((await bench('triton', '--sweep')).stderr).toContain('triton has a config.pbtxt');
  });
});
