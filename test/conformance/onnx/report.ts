import { OUTCOMES, type Verdict } from './check.ts';

/** Whether Nexus is to blame. */
export function isFault({ outcome }: Verdict): boolean {
  return outcome === 'wrong' || outcome === 'mixed';
}

/** What differs, in a line. */
export function faultLine({ outcome, name, reason = '' }: Verdict): string {
  const line = `${outcome}  ${name}: ${reason.replace(/\s+/g, ' ')}`;
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line;
}

/** The counts, of the tests as they are and made dynamic. */
export function tableText(verdicts: readonly Verdict[]): string {
  const asIs = verdicts.filter(({ name }) => !name.endsWith('-dynamic'));
  const dynamic = verdicts.filter(({ name }) => name.endsWith('-dynamic'));
  const row = (label: string, counted: (verdict: Verdict) => boolean | undefined) =>
    lineOf(label, asIs.filter(counted).length, dynamic.filter(counted).length);
  return [
    lineOf('', 'as is', 'dynamic'),
    ...OUTCOMES.map((outcome) => row(LABELS[outcome], (verdict) => verdict.outcome === outcome)),
    row('shared runs', ({ shared }) => shared),
  ].join('\n');
}

const MOST_SHOWN = 300;

const LABELS: Readonly<Record<Verdict['outcome'], string>> = {
  equal: 'equal',
  random: 'random values',
  refused: 'refused by both',
  unfit: 'not served',
  ended: 'ends ONNX Runtime',
  wrong: 'wrong',
  mixed: 'mixed',
};

function lineOf(label: string, ...counts: readonly (string | number)[]): string {
  return label.padEnd(18) + counts.map((count) => String(count).padStart(8)).join('');
}
