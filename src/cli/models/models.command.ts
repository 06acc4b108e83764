import type { Command } from 'commander';
import { addGatewayOptions, type GatewayOptions } from '../gateway-options';
import type { ChangeOptions } from './run-change';

/** Adds the commands `models`, `load` and `unload`, which call a running gateway. */
export function addModelsCommand(program: Command): void {
  const models = program.command('models').description('list the models');
  addGatewayOptions(models).action(async (options: GatewayOptions) => {
    const { runModels } = await import('./run-models.js');
    await runModels(options);
  });
  addChange(program, 'load', 'load a model, or one version of it');
  addChange(program, 'unload', 'unload a model once its requests have finished');
}

function addChange(program: Command, change: 'load' | 'unload', description: string): void {
  const command = program
    .command(`${change} <model>`)
    .description(description)
    .option('--version <version>', 'only this version')
    .addHelpText(
      'after',
      '\nThe gateway must run with NEXUS_MODEL_CONTROL_MODE=explicit. If it requires\nkeys, NEXUS_API_KEY must be a key with the scope admin.',
    );
  addGatewayOptions(command).action(async (model: string, options: ChangeOptions) => {
    const { runChange } = await import('./run-change.js');
    await runChange(change, model, options);
  });
}
