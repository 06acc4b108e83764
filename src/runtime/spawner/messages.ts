import type { RunnerEnd } from '../runner-end';

/*
 * Messages between the gateway and its spawner. The gateway connects to the socket of the spawner once for each runner,
 * and sends the token of the runner; the runner inherits the connection.
 */

/** Starts a runner, once the gateway has connected for it. */
export interface SpawnMessage {
  readonly type: 'spawn';
  readonly id: number;
  /** Shown in the process title. */
  readonly label: string;
  /** Path of the slab. The spawner unlinks it once it has opened it. */
  readonly slab: string;
  /** What the gateway sends first on the connection; {@link TOKEN_LENGTH} ASCII characters. */
  readonly token: string;
}

/** Length of a token in bytes. */
export const TOKEN_LENGTH = 32;

/** Path of the socket called `name` in the abstract namespace of Linux, which needs no file. */
export function abstractPath(name: string): string {
  return `\0${name}`;
}

/** Kills a runner, or does not start it. */
export interface KillMessage {
  readonly type: 'kill';
  readonly id: number;
}

/** Messages from the gateway to its spawner. */
export type ToSpawner = SpawnMessage | KillMessage;

/**
 * Messages from the spawner to the gateway: it waits for a connection for a runner; the runner was started; it has ended
 * or could not be started.
 */
export type FromSpawner =
  | { readonly type: 'waiting'; readonly id: number }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'ended'; readonly id: number; readonly end: RunnerEnd };
