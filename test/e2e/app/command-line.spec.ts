import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['dist/main.js', ...args], { encoding: 'utf8' });
}

describe('the command line', () => {
  it('prints the usage, the main settings and the page with all settings for --help', () => {
    const { status, stdout, stderr } = run('--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Usage: npm start');
    expect(stdout).toMatch(/^ {2}NEXUS_PORT +8000 +HTTP port$/m);
    expect(stdout).toContain('docs/configuration.md');
  });

  it('prints the version for --version', () => {
    expect(run('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('rejects an unknown argument and does not start', () => {
    expect(run('--port', '9000')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: 'unknown argument "--port"; settings are environment variables, see --help\n',
    });
  });
});
