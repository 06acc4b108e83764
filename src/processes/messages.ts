import type { Config } from '../config/config';

/** The reply to `hello`. */
export interface HelloReply {
  /** Number of the process, from 0. */
  readonly index: number;
  /** The ports to listen on; undefined if no process has listened yet, so that the settings decide. */
  readonly ports: Ports | undefined;
  /** Whether no process has listened yet. */
  readonly isFirst: boolean;
}

/** The ports that the processes share. */
export type Ports = Pick<Config, 'port' | 'grpcPort' | 'adminPort'>;

/** A process listens on `ports`. The primary process prints the `text` of the first one. */
export interface ListeningCall {
  readonly text: string;
  readonly ports: Ports;
}

/** Makes a change in all processes. Returns the result of the change. */
export interface ChangeCall {
  readonly name: string;
  readonly subject: readonly string[];
  readonly args: readonly unknown[];
}

/** Makes a process decide a change. Returns {@link Decided}. */
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

/** Makes a process adopt a change that another one has decided. */
export interface AdoptCall {
  readonly name: string;
  readonly state: unknown;
}

/** Reads a value of one process, or of all. */
export interface ReadCall {
  readonly name: string;
  readonly argument: unknown;
}

/** A request to a service of the primary process. */
export interface AskCall {
  readonly service: string;
  readonly request: unknown;
}

/** Maps the calls of the primary process to a gateway process to their arguments. */
export interface CallsToWorker {
  decide: DecideCall;
  adopt: AdoptCall;
  read: ReadCall;
}

/** A gateway process, as the primary process sees it. */
export interface ClusterWorker {
  /** Number of the process, from 0. A replacement has the same number. */
  readonly index: number;
  /** @throws ChannelClosed, or the error of the process. */
  call<Method extends keyof CallsToWorker>(method: Method, argument: CallsToWorker[Method]): Promise<unknown>;
}

/** Maps the calls of a gateway process to the primary process to their arguments. */
export interface CallsToPrimary {
  hello: undefined;
  /** Returns the changes made so far as a list of {@link AdoptCall}, and subscribes to later ones. */
  join: undefined;
  listening: ListeningCall;
  /** The process has loaded its models. The primary prints the text of process 0. */
  loaded: string;
  change: ChangeCall;
  gather: ReadCall;
  ask: AskCall;
}
