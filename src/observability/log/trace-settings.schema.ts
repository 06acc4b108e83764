/** Which requests are traced, with the field names of the trace extension. */
export class TraceSettingsBody {
  /**
   * Always empty, because traces are log lines.
   * @example
   */
  trace_file: string;
  /**
   * `TIMESTAMPS` if requests are traced, otherwise `OFF`.
   * @example ["OFF"]
   */
  trace_level: ('OFF' | 'TIMESTAMPS')[];
  /**
   * One in this many requests is traced.
   * @example 1000
   */
  trace_rate: string;
  /**
   * Number of traces still to be written, -1 for no limit.
   * @example -1
   */
  trace_count: string;
  /**
   * Always 0, because each trace is written immediately.
   * @example 0
   */
  log_frequency: string;
  /** @example triton */
  trace_mode: string;
}
