import type { Command } from 'commander';

/** Options of commands that call a running gateway. */
export interface GatewayOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** Adds the options and the help group of commands that call a running gateway, `--url` and `--json`. The action receives {@link GatewayOptions}. */
export function addGatewayOptions(command: Command): Command {
  return command
    .helpGroup('Use a running gateway:')
    .option('--url <url>', 'gateway to call (default: http://127.0.0.1:8000, or NEXUS_HOST, NEXUS_PORT)')
    .option('--json', 'print JSON');
}
