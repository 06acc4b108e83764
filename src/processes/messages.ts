import type { Config } from '../config/config';

/** What a process learns when it starts. */
export interface Welcome {
  /** Number of the process, from 0. */
  readonly index: number;
  /** The ports to listen on; undefined if no process has listened yet, so that the settings decide. */
  readonly ports: Ports | undefined;
  /** Whether no other process listens. */
  readonly isFirst: boolean;
}

/** The ports that the processes share. */
export type Ports = Pick<Config, 'port' | 'grpcPort' | 'adminPort'>;

/** A process listens. The first one prints `text`. */
export interface ListeningCall {
  readonly text: string;
  readonly ports: Ports;
}

/** Asks to make a change in all processes. Returns the result of the change. */
export interface ChangeCall {
  readonly name: string;
  readonly subject: readonly string[];
  readonly args: readonly unknown[];
}

/** Tells a process to decide a change. Returns {@link Decided}. */
export interface DecideCall {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** The result of a change. */
export interface Decided {
  readonly result: unknown;
  readonly state: unknown;
  readonly isInitial: boolean;
}

/** Tells a process to adopt a change that another one has decided. */
export interface AdoptCall {
  readonly name: string;
  readonly state: unknown;
}

/** Asks for a value of a process, or of all. */
export interface ReadCall {
  readonly name: string;
  readonly argument: unknown;
}

/** A question to a service of the first process. */
export interface AskCall {
  readonly service: string;
  readonly question: unknown;
}

/** Maps the calls of a process to the first process to their arguments. */
export interface CallsToPrimary {
  hello: undefined;
  /** Asks for the changes made so far, as a list of {@link AdoptCall}. Later ones follow by themselves. */
  join: undefined;
  listening: ListeningCall;
  /** The models of the process have been loaded. The first one prints this. */
  loaded: string;
  change: ChangeCall;
  gather: ReadCall;
  ask: AskCall;
}
