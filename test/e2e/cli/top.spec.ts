import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const hasScript = spawnSync('script', ['--version']).status === 0;
if (!hasScript) console.warn('skipped: nexus top on a terminal, which needs script of util-linux');

const ALTERNATE_SCREEN = '\u001B[?1049h';
const MAIN_SCREEN = '\u001B[?25h\u001B[?1049l';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('affine', affine()).model('broken', Buffer.from('no model'));
  gateway = await Gateway.start(repository);
});
afterAll(() => tearDown(gateway, repository));

async function top(...args: readonly string[]) {
  const child = spawn(process.execPath, ['dist/main.js', 'top', '--url', gateway.url, ...args]);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { stdout, stderr, code };
}

describe('nexus top without a terminal', () => {
  it('prints one table', async () => {
    const { stdout, stderr, code } = await top();
    expect([stderr, code]).toEqual(['', 0]);
    const [titles, ...rows] = stdout.trimEnd().split('\n');
    expect(titles).toMatch(/^MODEL +VERSION +STATE +REQ\/S/);
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 3).join(' ').replaceAll(/ +/g, ' '))).toEqual([
      'affine 1 READY',
      'broken 1 UNAVAILABLE',
    ]);
  });

  it('prints one snapshot as JSON', async () => {
    const { stdout, code } = await top('--json');
    expect(code).toBe(0);
    const { models, gateway: state } = JSON.parse(stdout);
    expect(models.map(({ model }: { model: string }) => model)).toEqual(['affine', 'broken']);
    expect(state).toMatchObject({ version: expect.any(String), processes: 1 });
  });

  it('says that there is no gateway', async () => {
    const { stderr, code } = await top('--url', 'http://127.0.0.1:9');
    expect(code).toBe(3);
    expect(stderr).toContain('top: cannot reach http://127.0.0.1:9');
  });
});

(hasScript ? describe : describe.skip)('nexus top on a terminal', () => {
  /** Runs it on a pseudo-terminal of 120 columns. */
  function live() {
    const run = `sh -c 'echo "pid $$"; exec ${process.execPath} dist/main.js top --url ${gateway.url}'`;
    const command = `stty cols 120 rows 20; ${run}; echo "code $?"; stty -a`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, NO_COLOR: '1' } });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
    return {
      child,
      closed: once(child, 'close'),
      output: () => output,
      until: async (found: (seen: string) => boolean) => {
        while (!found(output)) await once(child.stdout, 'data');
      },
    };
  }

  it('shows the models until q, and leaves the terminal as it was', async () => {
    const { child, closed, until, output } = live();
    await until((seen) => seen.includes('affine') && seen.includes('q quit'));
    child.stdin.write('/bro');
    await until((seen) => seen.includes('filter: bro_'));
    child.stdin.write('\rq');
    await closed;
    expect(output().indexOf(ALTERNATE_SCREEN)).toBeGreaterThanOrEqual(0);
    const [, after] = output().split(MAIN_SCREEN);
    expect(after).toContain('code 0');
    expect(stripVTControlCharacters(after!)).toMatch(/(?<!-)icanon/);
    expect(after).toMatch(/ echo /);
  });

  it('updates', async () => {
    const { child, closed, until, output } = live();
    await until((seen) => seen.includes('affine'));
    await gateway.infer('affine', { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] });
    // One request in ten seconds at most.
    await until((seen) => /requests\/s 0\.[1-9]|requests\/s [1-9]/.test(seen));
    child.stdin.write('\u0003');
    await closed;
    expect(output()).toContain('code 0');
  });

  it('leaves the terminal as it was after a signal', async () => {
    const { closed, until, output } = live();
    await until((seen) => seen.includes('affine'));
    process.kill(Number(/pid (\d+)/.exec(output())![1]), 'SIGTERM');
    await closed;
    expect(output()).toContain(MAIN_SCREEN);
  });
});
