import type { RunnerEnd } from '../runner-end';

/*
 * What crosses the channel between the gateway and its spawner.
 */

/** Start a runner. */
export interface SpawnMessage {
  readonly type: 'spawn';
  readonly id: number;
  /** Shown in the title of the process. */
  readonly label: string;
  /** Path of its slab, which has no name any more once the runner has it. */
  readonly slab: string;
  readonly socket: RunnerSocket;
}

/** Where a runner reports to. */
export interface RunnerSocket {
  /** Path of the gateway's socket; `\0` in front is Linux's abstract name space. */
  readonly path: string;
  /** What the runner has to say first, to be known for who it is. */
  readonly token: string;
}

/** The processes that a runner must not outlive: the one that started it, and the one that started that. */
export interface Ancestors {
  readonly spawner: number;
  readonly gateway: number;
}

/** What a runner reads from its standard input. */
export interface RunnerStart {
  readonly socket: RunnerSocket;
  readonly ancestors: Ancestors;
}

/** First message of a runner to the gateway. */
export interface HelloMessage {
  readonly token: string;
}

/** End a runner at once. */
export interface KillMessage {
  readonly type: 'kill';
  readonly id: number;
}

/** Messages from the gateway to the spawner. */
export type ToSpawner = SpawnMessage | KillMessage;

/** Messages from the spawner to the gateway: a runner has been started; it has ended, or could not be started, for a reason. */
export type FromSpawner =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'ended'; readonly id: number; readonly end: RunnerEnd };
