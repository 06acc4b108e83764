/** Which log lines are written, with the field names of the logging extension. */
export class LogSettingsBody {
  /**
   * Always empty, because log lines are written to stdout.
   * @example
   */
  log_file: string;
  /** Whether information lines are written. */
  log_info: boolean;
  /** Whether warning lines are written. */
  log_warning: boolean;
  /** Whether error lines are written. */
  log_error: boolean;
  /**
   * 0 for no debug lines, 1 for debug lines, 2 for all lines.
   * @example 0
   */
  log_verbose_level: number;
  /**
   * Always `default`, because NEXUS_LOG_FORMAT sets the format at startup.
   * @example default
   */
  log_format: string;
}
