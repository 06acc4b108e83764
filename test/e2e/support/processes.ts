import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Process ids of the runners of the gateway `parent` whose title names `label`, e.g. `digits/1`, as `ps` shows them. */
export function runnersOf(parent: number, label: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => titleOf(pid) === `nexus-runner ${label}` && parentOf(parentOf(pid)) === parent);
}

/** Process ids of all runners of the gateway `parent`. */
export function allRunnersOf(parent: number): number[] {
  return childrenOf(parent)
    .flatMap(childrenOf)
    .filter((pid) => titleOf(pid) !== 'nexus-guard');
}

/** Process id of the process that starts the runners of the gateway `parent`; undefined if it does not run. */
export function spawnerOf(parent: number): number | undefined {
  return childrenOf(parent).find((pid) => titleOf(pid) === 'nexus-spawner');
}

/** Resolves to the process id of the guard of `spawner`, once it runs. */
export async function guardOf(spawner: number): Promise<number> {
  for (;;) {
    const guard = childrenOf(spawner).find((pid) => titleOf(pid) === 'nexus-guard');
    if (guard !== undefined) return guard;
    await delay(20);
  }
}

/** Process ids of all children of the process `parent`. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  return titleOf(pid) !== undefined && !/State:\s+Z/.test(read(`/proc/${pid}/status`) ?? 'State: Z');
}

/** Resolves when none of these processes is there any more. */
export async function gone(...pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await delay(20);
}

function titleOf(pid: number): string | undefined {
  return read(`/proc/${pid}/cmdline`)?.replace(/\0+$/, '').split('\0')[0];
}

function parentOf(pid: number): number {
  return Number(/PPid:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1]);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile.
    return undefined;
  }
}

/** Paths in `folder` that a process has open. */
export function openFilesOf(pid: number, folder: string): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => targetOf(`/proc/${pid}/fd/${fd}`))
    .filter((path) => path.startsWith(`${folder}/`));
}

/** Where a link leads; nowhere when it has gone meanwhile. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
