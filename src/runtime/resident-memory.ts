import { readFile } from 'node:fs/promises';

/**
 * Memory of the process `pid` that is in RAM, in bytes; pages that it shares with others count in full (VmRSS of
 * proc_pid_status(5)). Undefined when the process has ended, or where the system does not tell.
 */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
