import type { SamplingSettings } from '../../config/tracing';

const WORDS = 2 ** 32;

/**
 * Decides which traces are sampled, exactly as the ratio sampler of OpenTelemetry does: by the exclusive or of the four words
 * of the trace id. That sampler needs an id first, which takes more time than everything else in a request that is not sampled.
 */
export class Sampling {
  /** Words below it are sampled. */
  private readonly bound: number;

  constructor(private readonly settings: SamplingSettings) {
    const { ratio } = settings;
    this.bound = ratio === 1 ? WORDS : Math.floor(ratio * (WORDS - 1));
  }

  /** The id of a new trace; undefined if it is not sampled. */
  begin(): string | undefined {
    const sum = word();
    return sum < this.bound ? idWith(sum) : undefined;
  }

  /** The id of a new trace that is sampled in any case. */
  beginSampled(): string {
    return idWith(word());
  }

  /** Whether a request is sampled that continues a trace. @param isSampled whether the client has sampled it. */
  continues(traceId: string, isSampled: boolean): boolean {
    if (this.settings.followsParent) return isSampled;
    let sum = 0;
    for (let at = 0; at < traceId.length; at += 8) sum ^= parseInt(traceId.slice(at, at + 8), 16);
    return sum >>> 0 < this.bound;
  }
}

function word(): number {
  return (Math.random() * WORDS) >>> 0;
}

/** A random trace id whose words have the exclusive or `sum`. */
function idWith(sum: number): string {
  const [first, second, third] = [word(), word(), word()];
  const id = [first, second, third, (sum ^ first ^ second ^ third) >>> 0].map(hex).join('');
  return /[1-9a-f]/.test(id) ? id : idWith(sum);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
