import { Distribution } from '../../observability/metrics/distribution';
import { SECONDS } from '../../observability/metrics/model-metrics';

/** How far two versions of one output are apart. */
export interface OutputDifference {
  readonly name: string;
  /** Largest absolute difference of two elements; Infinity where no number tells it. */
  readonly largest: number;
  /** Of an output whose last dimension has labels: how many rows, and of how many the largest element is the same. */
  readonly labels: { readonly rows: number; readonly same: number } | undefined;
}

/** How one output of the shadow has compared so far. */
export class OutputAgreement {
  /** Comparisons that found no difference, and those whose difference no number tells. */
  equal = 0;
  incomparable = 0;
  /** Largest absolute difference that a number tells. */
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

/** What has come of showing requests to one version. */
export class ShadowStatistics {
  readonly since = new Date();
  /** Requests that were compared, that the shadow failed, and that it was not shown because there was too much to do. */
  compared = 0;
  failed = 0;
  dropped = 0;
  /** Why the shadow failed the last request that it failed. */
  lastFailure: string | undefined;
  readonly outputs = new Map<string, OutputAgreement>();
  /** From the queue to the outputs, in seconds, of the requests that were compared. */
  readonly answering = new Distribution(SECONDS);
  readonly shadowing = new Distribution(SECONDS);
  private requests = 0;

  constructor(readonly labels: { readonly model: string; readonly version: string }) {}

  /** Counts a request. Returns whether it belongs to the `share` that the shadow is shown, evenly spread. */
  isTurn(share: number): boolean {
    return Math.floor(++this.requests * share) > Math.floor((this.requests - 1) * share);
  }

  /** The outputs of one request differ so, and took so many milliseconds. */
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

  /** The shadow failed one request for `reason`. */
  fail(reason: string): void {
    this.failed++;
    this.lastFailure = reason;
  }
}
