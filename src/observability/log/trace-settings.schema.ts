/** Which requests are traced, by the names of the trace extension. */
export class TraceSettingsBody {
  /**
   * Always empty: traces are lines of the log.
   * @example
   */
  trace_file: string;
  /** @example ["OFF"] */
  trace_level: ('OFF' | 'TIMESTAMPS')[];
  /**
   * One request in so many.
   * @example 1000
   */
  trace_rate: string;
  /**
   * Traces still to be written; -1 for no limit.
   * @example -1
   */
  trace_count: string;
  /**
   * Always 0: a trace is written at once.
   * @example 0
   */
  log_frequency: string;
  /** @example triton */
  trace_mode: string;
}
