import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['dist/main.js', ...args], { encoding: 'utf8' });
}

describe('the command line', () => {
  it('prints the version for --version', () => {
    expect(run('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('rejects an unknown argument and does not start', () => {
    expect(run('--port', '9000')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: "nexus: unknown option '--port'; see nexus --help\n",
    });
  });
});
