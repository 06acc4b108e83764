import type { RunnerEnd } from '../runner-end';

/*
 * Messages between the gateway, its spawner and runners that start.
 */

/** Starts a runner. */
export interface SpawnMessage {
  readonly type: 'spawn';
  readonly id: number;
  /** Shown in the process title. */
  readonly label: string;
  /** Path of the slab. The spawner unlinks it once it has opened it. */
  readonly slab: string;
  readonly socket: RunnerSocket;
}

/** Socket that a runner connects to. */
export interface RunnerSocket {
  /** Path of the socket of the gateway. A leading `\0` is the abstract namespace of Linux. */
  readonly path: string;
  /** Token that identifies the runner in its first message. */
  readonly token: string;
}

/** Ids of the processes that a runner must not outlive: its parent and the parent of its parent. The guard checks them. */
export interface Ancestors {
  readonly spawner: number;
  readonly gateway: number;
}

/** Message that a runner reads from its standard input. */
export interface RunnerStart {
  readonly socket: RunnerSocket;
}

/** First message of a runner to the gateway. */
export interface HelloMessage {
  readonly token: string;
}

/** Kills a runner. */
export interface KillMessage {
  readonly type: 'kill';
  readonly id: number;
}

/** Messages from the gateway to its spawner. */
export type ToSpawner = SpawnMessage | KillMessage;

/** Messages from the spawner to the gateway: a runner was started; a runner has ended or could not be started. */
export type FromSpawner =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'ended'; readonly id: number; readonly end: RunnerEnd };
