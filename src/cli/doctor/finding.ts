/** What the command `doctor` found about one thing. */
export interface Finding {
  readonly name: string;
  /** A `problem` keeps the gateway from starting or models from running. A `warning` costs speed or safety. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** How to fix it; absent if it is ok. */
  readonly fix?: string;
}

/** A finding without a fault. */
export function ok(name: string, text: string): Finding {
  return { name, status: 'ok', text };
}

/** A finding that costs speed or safety, and how to fix it. */
export function warning(name: string, text: string, fix: string): Finding {
  return { name, status: 'warning', text, fix };
}

/** A finding that keeps something from working, and how to fix it. */
export function problem(name: string, text: string, fix: string): Finding {
  return { name, status: 'problem', text, fix };
}
