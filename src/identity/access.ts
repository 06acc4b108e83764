import type { Caller } from './caller';
import type { Scope } from './scope';

/** Parts of the API that NEXUS_PUBLIC can open to everyone. */
export type PublicArea = 'metrics' | 'docs';

/** What an operation requires of its caller. */
export interface Access {
  /** Scopes, of which the caller needs one. Empty for an operation that is open to everyone. */
  readonly scopes: readonly Scope[];
  /** The part of the API that it belongs to, if operators can open it. */
  readonly area?: PublicArea;
  /** Whether it concerns all models, so that the caller must see every model. */
  readonly wide?: true;
  /** Whether it is for operators although it changes nothing; see {@link isForOperators}. */
  readonly operators?: true;
  /** Whether it counts against no limit, because probes and scrapers call it every few seconds. */
  readonly unlimited?: true;
}

/** Open to everyone. Such an operation names no model. */
export const OPEN: Access = { scopes: [], unlimited: true };

/** For an operation that declares nothing. */
export const ADMIN: Access = { scopes: ['admin'] };

/** Names and describes models, for every client that has any scope. */
export const DESCRIBE: Access = { scopes: ['infer', 'read', 'admin'] };

/** Runs models. */
export const INFER: Access = { scopes: ['infer'] };

/** Reads the state of the server. */
export const READ: Access = { scopes: ['read', 'admin'] };

/** Reads settings of the whole server. */
export const READ_SERVER: Access = { ...READ, wide: true };

/** Changes settings of the whole server. */
export const ADMIN_SERVER: Access = { ...ADMIN, wide: true };

/** Reads the metrics. */
export const METRICS: Access = { ...READ_SERVER, area: 'metrics', operators: true, unlimited: true };

/** Reads what the console shows, which is limited to the models that the caller sees. */
export const CONSOLE: Access = { ...READ, operators: true };

/** The files of the console. They contain nothing secret; the console asks for a key where one is needed. */
export const CONSOLE_FILES: Access = { ...OPEN, operators: true };

/** Reads the documentation. */
export const DOCS: Access = { ...READ, area: 'docs' };

/** Whether `access` lets `caller` in. @param open areas that NEXUS_PUBLIC opens to everyone. */
export function permits(
  { scopes, area, wide }: Access,
  caller: Caller,
  open: readonly PublicArea[],
): boolean {
  if (scopes.length === 0 || (area !== undefined && open.includes(area))) return true;
  return caller.has(...scopes) && (caller.seesAll || wide !== true);
}

/** Whether operations with `access` change the server, so that each is written to the audit log. */
export function isAudited({ scopes }: Access): boolean {
  return scopes.length === 1 && scopes[0] === 'admin';
}

/** Whether operations with `access` are for operators: NEXUS_ADMIN_PORT moves those to an address of their own. */
export function isForOperators(access: Access): boolean {
  return isAudited(access) || access.operators === true;
}
