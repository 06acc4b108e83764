import type { ShadowResult } from '../../inference/shadow/shadow-metrics';
import type { OutputAgreement } from '../../inference/shadow/shadow-statistics';
import type { ShadowOutput, ShadowReport } from './shadow.dto';

/**
 * Reports the `results` of a shadow in all gateway processes; there is at least one. It is `active` as long as it receives
 * requests.
 */
export function shadowReport(results: readonly ShadowResult[], active: boolean): ShadowReport {
  const sum = (of: (result: ShadowResult) => number) => results.reduce((total, each) => total + of(each), 0);
  const compared = sum((result) => result.compared);
  const mean = (of: (result: ShadowResult) => number) =>
    compared === 0 ? 0 : (sum((result) => of(result) * result.compared) / compared) * 1000;
  const since = Math.min(...results.map((result) => result.since.getTime()));
  const names = new Set(results.flatMap(({ outputs }) => [...outputs.keys()]));
  return {
    version: results[0]!.version,
    active,
    since: new Date(since).toISOString(),
    requests: { compared, failed: sum(({ failed }) => failed), dropped: sum(({ dropped }) => dropped) },
    last_failure: results.find(({ lastFailure }) => lastFailure !== undefined)?.lastFailure ?? null,
    outputs: Array.from(names, (name) =>
      outputReport(
        name,
        results.flatMap(({ outputs }) => outputs.get(name) ?? []),
      ),
    ),
    mean_latency_ms: {
      answering: mean(({ answeringMean }) => answeringMean),
      shadow: mean(({ shadowingMean }) => shadowingMean),
    },
  };
}

function outputReport(name: string, agreements: readonly OutputAgreement[]): ShadowOutput {
  const sum = (of: (agreement: OutputAgreement) => number) =>
    agreements.reduce((total, each) => total + of(each), 0);
  const labelRows = sum((agreement) => agreement.labelRows);
  return {
    name,
    equal: sum(({ equal }) => equal),
    incomparable: sum(({ incomparable }) => incomparable),
    max_abs_difference: Math.max(...agreements.map(({ largest }) => largest)),
    label_agreement: labelRows === 0 ? null : sum(({ sameLabels }) => sameLabels) / labelRows,
  };
}
