import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { COMPILED } from './gateway';

/** What a command has printed, and its exit code. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line with `args`, as in a pipe. NEXUS_* variables are those of `env` alone. */
export async function nexus(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  stdin = '',
): Promise<CommandResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(NEXUS_|FORCE_COLOR$)/.test(name));
  const child = spawn(process.execPath, ['dist/main.js', ...args], {
    env: { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: COMPILED, ...env },
  });
  // A command that does not read stdin closes it.
  child.stdin.on('error', () => {}).end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status: child.exitCode, stdout, stderr };
}

/** The last line on stderr, the reason of a failure. On a busy machine, progress comes before it. */
export function reasonOf({ stderr }: CommandResult): string {
  return stderr.slice(stderr.lastIndexOf('\n', stderr.length - 2) + 1);
}
