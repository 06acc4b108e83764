/** Which log lines are written, by the names of the logging extension. */
export class LogSettingsBody {
  /**
   * Always empty: lines go to stdout.
   * @example
   */
  log_file: string;
  log_info: boolean;
  log_warning: boolean;
  log_error: boolean;
  /**
   * 0, 1 for debugging lines, 2 for all.
   * @example 0
   */
  log_verbose_level: number;
  /**
   * Always `default`: the start has decided, see NEXUS_LOG_FORMAT.
   * @example default
   */
  log_format: string;
}
