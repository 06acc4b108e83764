import type { Command } from 'commander';
import { addGatewayOptions } from '../gateway-options';
import type { PredictOptions } from './run-predict';

/** Adds the command `predict`, which sends one request to a model of a running gateway. */
export function addPredictCommand(program: Command): void {
  const command = program
    .command('predict <model> [text...]')
    .description('send text, a picture or JSON')
    .option('--file <file>', 'a picture, or a .json file with the body of a prediction')
    .option('--data <json>', 'JSON: the body of a prediction, or the value of the inputs')
    .option('--version <version>', 'version or alias of the model')
    .addHelpText(
      'after',
      `
Without text, --file and --data, the JSON comes from stdin. Examples:
  nexus predict language "Where is the station?" "Où est la gare ?"
  nexus predict text-direction --file scan.png
  nexus predict breast-tumor --data '{"mean":[...],"error":[...],"worst":[...]}'
  nexus predict digits --json < body.json`,
    );
  addGatewayOptions(command).action(
    async (model: string, texts: readonly string[], options: PredictOptions) => {
      const { runPredict } = await import('./run-predict.js');
      await runPredict(model, texts, options);
    },
  );
}
