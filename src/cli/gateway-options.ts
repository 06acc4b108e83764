import type { Command } from 'commander';

/** Adds the options and the help group of commands that call a running gateway, `--url` and `--json`. The action receives GatewayOptions. */
export function addGatewayOptions(command: Command): Command {
  return command
    .helpGroup('Use a running gateway:')
    .option('--url <url>', 'gateway to call (default: http://127.0.0.1:8000, or NEXUS_HOST, NEXUS_PORT)')
    .option('--json', 'print JSON');
}
