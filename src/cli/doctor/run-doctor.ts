import { Logger } from '@nestjs/common';
import type { Config } from '../../config/config';
import { loadConfig, type Flags } from '../../config/load-config';
import { paint, type Style } from '../colours';
import { CommandError } from '../command-error';
import { plural } from '../numbers';
import { ProgressLine } from '../progress-line';
import type { Finding } from './finding';
import { machineFindings } from './machine';
import { runtimeFindings } from './runtime';
import { problemsOf, settingsFindings } from './settings';

const STYLES: Readonly<Record<Finding['status'], Style>> = { ok: 'good', warning: 'warning', problem: 'bad' };

/** Prints what is wrong with the machine and the settings, and how to fix it. @throws CommandError if there is a problem. */
export async function runDoctor(flags: Flags, asJson: boolean): Promise<void> {
  // The findings repeat what parts of the gateway log.
  Logger.overrideLogger(false);
  const line = new ProgressLine();
  const findings: Finding[] = [];
  try {
    const { config, faults } = configOf(flags);
    line.show('checking the machine ...');
    findings.push(...(await machineFindings()));
    line.show('trying ONNX Runtime ...');
    findings.push(...(await runtimeFindings(config?.device ?? 'auto')), ...faults);
    line.show('checking the settings ...');
    if (config !== undefined) findings.push(...(await settingsFindings(config)));
  } finally {
    line.clear();
  }
  const problems = findings.filter(({ status }) => status === 'problem').length;
  process.stdout.write(
    asJson
      ? `${JSON.stringify({ ok: problems === 0, findings }, undefined, 2)}\n`
      : `${linesOf(findings).join('\n')}\n`,
  );
  if (problems > 0) throw new CommandError(`found ${plural(problems, 'problem')}`);
}

function configOf(flags: Flags): { readonly config?: Config; readonly faults: readonly Finding[] } {
  try {
    return { config: loadConfig(undefined, flags), faults: [] };
  } catch (error) {
    return { faults: problemsOf('Settings', error) };
  }
}

function linesOf(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings.flatMap(({ name, status, text, fix }) => [
    `${paint(STYLES[status], status.padEnd('problem'.length))}  ${name.padEnd(width)}  ${text}`,
    ...(fix === undefined
      ? []
      : [`${' '.repeat('problem'.length + width + 4)}${paint('quiet', `fix: ${fix}`)}`]),
  ]);
}
