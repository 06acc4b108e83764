import { readFile } from 'node:fs/promises';

/**
 * Resident memory of the process `pid`, in bytes; shared pages count in full (VmRSS of proc_pid_status(5)). Undefined
 * if the process has ended or the system does not report it.
 */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
