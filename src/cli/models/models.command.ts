import type { Command } from 'commander';
import { addGatewayOptions } from '../gateway-options';
import type { ChangeOptions } from './run-change';
import type { GatewayOptions } from '../gateway-client';

/** Adds the commands `models`, `load` and `unload`, which call a running gateway. */
export function addModelsCommand(program: Command): void {
  const models = program
    .command('models')
    .description('list the models of a running gateway')
    .helpGroup('Use a running gateway:');
  addGatewayOptions(models).action(async (options: GatewayOptions) => {
    const { runModels } = await import('./run-models.js');
    await runModels(options);
  });
  addChange(program, 'load', 'load a model, or one version of it, from the repository');
  addChange(program, 'unload', 'finish the requests of a model, and unload it');
}

function addChange(program: Command, change: 'load' | 'unload', description: string): void {
  const command = program
    .command(`${change} <model>`)
    .description(description)
    .helpGroup('Use a running gateway:')
    .option('--version <version>', 'change only this version')
    .addHelpText(
      'after',
      '\nRequires NEXUS_MODEL_CONTROL_MODE=explicit at the gateway, and a key with the scope\nadmin if the gateway has keys.',
    );
  addGatewayOptions(command).action(async (model: string, options: ChangeOptions) => {
    const { runChange } = await import('./run-change.js');
    await runChange(change, model, options);
  });
}
