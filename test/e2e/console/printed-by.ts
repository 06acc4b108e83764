import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What the code of a call prints that the page shows, with `key` where it reads one. */
export async function printedBy(code: string, language: 'curl' | 'TypeScript', key: string): Promise<string> {
  const [command, ...args] =
    language === 'curl' ? ['bash', '-c'] : [process.execPath, '--input-type=module', '--eval'];
  const env = { ...process.env, NEXUS_KEY: key };
  const { stdout } = await promisify(execFile)(command, [...args, code], { env });
  return stdout;
}
