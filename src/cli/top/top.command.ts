import type { Command } from 'commander';
import { addGatewayOptions } from '../gateway-options';

/** Adds `nexus top`, which shows the models of a running gateway as a live table. */
export function addTopCommand(program: Command): void {
  const command = program.command('top').description('show the models of a running gateway, live');
  addGatewayOptions(command).action(async (options: object) => {
    const { runTop } = await import('./run-top.js');
    await runTop(options);
  });
}
