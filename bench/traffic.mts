/** A request to send repeatedly. */
export interface Message {
  readonly path: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** API keys or tokens that consecutive requests send, in turn. */
  readonly keys?: readonly string[];
}

/** What a load generator counted. All requests succeeded. */
export interface Traffic {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the load generator. */
  readonly senderCpuMs: number;
}
