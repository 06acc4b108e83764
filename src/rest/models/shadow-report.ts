import type { OutputAgreement, ShadowStatistics } from '../../inference/shadow/shadow-statistics';
import type { ShadowOutput, ShadowReport } from './shadow.dto';

/** Reports the `statistics` of a shadow. It is `active` as long as it receives requests. */
export function shadowReport(statistics: ShadowStatistics, active: boolean): ShadowReport {
  const { labels, since, compared, failed, dropped, lastFailure, outputs, answering, shadowing } = statistics;
  return {
    version: labels.version,
    active,
    since: since.toISOString(),
    requests: { compared, failed, dropped },
    last_failure: lastFailure ?? null,
    outputs: [...outputs].map(([name, agreement]) => outputReport(name, agreement)),
    mean_latency_ms: { answering: answering.mean * 1000, shadow: shadowing.mean * 1000 },
  };
}

function outputReport(name: string, agreement: OutputAgreement): ShadowOutput {
  const { equal, incomparable, largest, labelRows, sameLabels } = agreement;
  return {
    name,
    equal,
    incomparable,
    max_abs_difference: largest,
    label_agreement: labelRows === 0 ? null : sameLabels / labelRows,
  };
}
