import type { Client } from './transports/client.ts';
import type { Rest } from './transports/http.ts';
import type { Grpc } from './transports/grpc.ts';

/** `required`: the specification says so. `recommended`: clients in use depend on it, or good servers agree on it. */
export type Level = 'required' | 'recommended';

/** The ways a case can be run. */
export const TRANSPORTS = ['REST JSON', 'REST binary', 'gRPC'] as const;

/** One of {@link TRANSPORTS}. */
export type TransportName = (typeof TRANSPORTS)[number];

/** What a case may use: the protocol in general, and the wire of either transport where that is what it is about. */
export interface Context {
  readonly client: Client;
  readonly rest: Rest;
  readonly grpc: Grpc;
}

/** One thing a server is to do. */
export interface Case {
  /** Unique within the suite. */
  readonly name: string;
  readonly level: Level;
  /** The section of the specification, or the server behaviour, that it follows. */
  readonly basis: string;
  /** The transports it can be run on; all of them when left out. */
  readonly on?: readonly TransportName[];
  /** Resolves when the server does it; rejects with what it does instead, a {@link Mismatch} where possible. */
  run(context: Context): Promise<void>;
}

/** The server answered, but not what was expected. */
export class Mismatch extends Error {
  readonly expected: string;
  readonly got: string;

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`);
    this.expected = expected;
    this.got = got;
  }
}
