import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nexus } from '../support/nexus';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

const folder = mkdtempSync(join(tmpdir(), 'nexus-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every command of the program, as its help lists them. */
async function commands(): Promise<string[]> {
  const { stdout } = await nexus(['--help']);
  return [...stdout.matchAll(/^ {2}([a-z]+)(?= [[<]| {2})/gm)].map(([, name]) => name!);
}

describe('the help', () => {
  it('fits a screen of 24 rows and 80 columns', async () => {
    const { status, stdout, stderr } = await nexus(['--help']);
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^Exit codes: 0 ok; 1 failed.*; 2 wrong arguments; 3 no gateway$/m);
    for (const name of ['serve', 'check', 'doctor', 'config', 'models', 'load', 'predict', 'keys'])
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  });

  it('exists for every command, 80 columns wide, through help and through --help', async () => {
    const names = (await commands()).filter((name) => name !== 'help');
    expect(names.length).toBeGreaterThan(8);
    const results = await Promise.all(names.map((name) => nexus(['help', name])));
    for (const [index, { status, stdout }] of results.entries()) {
      expect([names[index], status]).toEqual([names[index], 0]);
      expect(stdout).toMatch(new RegExp(`^Usage: nexus ${names[index]}\\b`));
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
    expect(await nexus(['serve', '--help'])).toEqual(await nexus(['help', 'serve']));
  });

  it('has colours only if they are forced', async () => {
    expect((await nexus(['--help'])).stdout).not.toContain('\u001B');
    expect((await nexus(['--help'], { FORCE_COLOR: '1' })).stdout).toContain('\u001B[1m');
  });

  it('prints the version', async () => {
    expect(await nexus(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('arguments that cannot be used', () => {
  it.each([
    [['modles'], "nexus: unknown command 'modles'; did you mean models? see nexus --help"],
    [['--port', '9000'], "nexus: unknown option '--port'; see nexus --help"],
    [['serve', '--prot', '1'], "serve: unknown option '--prot'; did you mean --port? see nexus serve --help"],
    [
      ['serve', '--port', 'x'],
      '--port=x: expected a whole number from 0 to 65535; omit it to use the default, 8000',
    ],
    [
      ['check', '/nonexistent'],
      'folder=/nonexistent: expected existing folders of models, .onnx files, or URLs (s3://bucket/prefix, gs://bucket/prefix, hf://organisation/name, https to an .onnx file or SHA256SUMS) without a password or query, separated by commas; omit it to use the default, ./models',
    ],
    [
      ['serve', 'models', '--model-dir', 'models'],
      'serve: expected folder or --model-dir; came both; they are the same setting',
    ],
    [
      ['config', '--api-key', 'hunter2hunter2hunter2'],
      'config: --api-key would show the secret to everyone who can list processes; set NEXUS_API_KEY in the environment',
    ],
    [['load'], "load: missing required argument 'model'; see nexus load --help"],
  ])('%j exits with 2 and one line', async (args, line) => {
    expect(await nexus(args)).toEqual({ status: 2, stdout: '', stderr: `${line}\n` });
  });
});

describe('completion', () => {
  it('completes commands, flags, choices and nothing for files in bash', async () => {
    const { status, stdout: script } = await nexus(['completion', 'bash']);
    expect(status).toBe(0);
    const words = [['mod'], ['serve', '--grpc-po'], ['completion', ''], ['serve', ''], ['keys', 'cr']];
    const test = `set -u
      nexus() { "${process.execPath}" dist/main.js "$@"; }
      ${script}
      try() { COMP_WORDS=(nexus "$@"); COMP_CWORD=$#; COMPREPLY=(); _nexus; echo "\${COMPREPLY[*]-}"; }
      ${words.map((args) => `try ${args.map((word) => `'${word}'`).join(' ')}`).join('\n')}`;
    const output = execFileSync('bash', ['-c', test], { encoding: 'utf8' });
    expect(output.split('\n')).toEqual(['models', '--grpc-port', 'bash zsh fish', '', 'create', '']);
  });

  it.each(['zsh', 'fish'] as const)('prints a script that %s reads', async (shell) => {
    const { stdout: script } = await nexus(['completion', shell]);
    if (spawnSync(shell, ['--version']).error !== undefined) {
      process.stderr.write(
        `skipped: the completion script is not read by ${shell}, which is not installed\n`,
      );
      return;
    }
    const file = join(folder, shell);
    writeFileSync(file, script);
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
});
