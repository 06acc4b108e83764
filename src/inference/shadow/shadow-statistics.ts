import { Distribution } from '../../observability/metrics/distribution';
import { SECONDS } from '../../observability/metrics/model-metrics';

/** The difference between the results of two versions for one output. */
export interface OutputDifference {
  readonly name: string;
  /** Largest absolute difference between two elements, Infinity if they cannot be compared. */
  readonly largest: number;
  /** For an output with labels: the number of rows, and of rows whose largest element is the same. */
  readonly labels: { readonly rows: number; readonly same: number } | undefined;
}

/** The comparison results of one output of the shadow. */
export class OutputAgreement {
  /** Number of comparisons without a difference, and of those that could not be compared. */
  equal = 0;
  incomparable = 0;
  /** Largest absolute difference of comparable outputs. */
  largest = 0;
  labelRows = 0;
  sameLabels = 0;

  add({ largest, labels }: OutputDifference): void {
    if (largest === 0) this.equal++;
    if (largest === Infinity) this.incomparable++;
    else this.largest = Math.max(this.largest, largest);
    this.labelRows += labels?.rows ?? 0;
    this.sameLabels += labels?.same ?? 0;
  }
}

/** Statistics of the requests mirrored to one version. */
export class ShadowStatistics {
  readonly since = new Date();
  /** Number of requests compared, failed by the shadow, and dropped because of load. */
  compared = 0;
  failed = 0;
  dropped = 0;
  /** Reason of the last failure. */
  lastFailure: string | undefined;
  readonly outputs = new Map<string, OutputAgreement>();
  /** Time from the queue to the outputs, in seconds, of the compared requests. */
  readonly answering = new Distribution(SECONDS);
  readonly shadowing = new Distribution(SECONDS);
  private requests = 0;

  constructor(readonly labels: { readonly model: string; readonly version: string }) {}

  /** Counts a request and returns whether to mirror it, so that `share` of all requests are mirrored, evenly spread. */
  sample(share: number): boolean {
    return Math.floor(++this.requests * share) > Math.floor((this.requests - 1) * share);
  }

  /** Counts a compared request: the differences of its outputs, and the durations in milliseconds. */
  compare(differences: readonly OutputDifference[], answeringMs: number, shadowingMs: number): void {
    this.compared++;
    this.answering.observe(answeringMs / 1000);
    this.shadowing.observe(shadowingMs / 1000);
    for (const difference of differences) {
      let agreement = this.outputs.get(difference.name);
      if (agreement === undefined) this.outputs.set(difference.name, (agreement = new OutputAgreement()));
      agreement.add(difference);
    }
  }

  /** Counts a request that failed in the shadow for `reason`. */
  fail(reason: string): void {
    this.failed++;
    this.lastFailure = reason;
  }
}
