import { TRANSPORTS, type Level } from './case.ts';
import type { Result } from './suite.ts';

const LEVELS: readonly Level[] = ['required', 'recommended'];

/** Failed cases one a line, then a table of the counts. */
export function reportText(results: readonly Result[]): string {
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  return [...failed.map(failureLine), failed.length > 0 ? '' : [], table(results), notes(results)]
    .flat()
    .join('\n');
}

/** Whether a required case failed. */
export function requiredFailed(results: readonly Result[]): boolean {
  return results.some(({ level, outcome }) => level === 'required' && outcome === 'failed');
}

function failureLine({ level, transport, name, expected, got }: Result): string {
  return `failed  ${level}  ${transport}: ${name}; expected ${expected}; got ${got}`;
}

function table(results: readonly Result[]): string[] {
  const rows = TRANSPORTS.flatMap((transport) =>
    LEVELS.map((level) => {
      const own = results.filter((result) => result.transport === transport && result.level === level);
      const count = (outcome: Result['outcome']) => own.filter((result) => result.outcome === outcome).length;
      return [transport, level, ...[count('passed'), count('failed'), count('skipped')].map(String)];
    }),
  );
  return [['transport', 'level', 'passed', 'failed', 'skipped'], ...rows].map(
    ([transport, level, ...counts]) =>
      `${transport!.padEnd(13)}${level!.padEnd(13)}${counts.map((count) => count.padStart(8)).join('')}`,
  );
}

function notes(results: readonly Result[]): string[] {
  const skipped = results.some(({ outcome }) => outcome === 'skipped');
  return skipped
    ? ['', 'gRPC was skipped: nothing answers there, or no address was given with --grpc host:port.']
    : [];
}
