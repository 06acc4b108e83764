import type { TruncationSide } from '../task-definition';

/** What a request sets for its texts. Absent members mean the default of the model. */
export interface TextOptions {
  /** Name of the prompt to put before each text; '' for none. */
  readonly prompt?: string | undefined;
  /** Whether a text that is too long is cut; if false, it is refused. Default: true. */
  readonly truncate?: boolean | undefined;
  readonly truncationSide?: TruncationSide | undefined;
  /** Maximum number of tokens of each text, if lower than that of the model. */
  readonly maxTokens?: number | undefined;
}
