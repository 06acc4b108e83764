import type { Command } from 'commander';
import { addGatewayOptions } from '../gateway-options';

/** Adds `nexus bench`, which measures a model, and finds the best settings for it. */
export function addBenchCommand(program: Command): void {
  addGatewayOptions(program.command('bench'))
    .description('measure the throughput and latency of a model, or find its best settings')
    .summary('measure a model, or find its best settings')
    .argument('<model>')
    .option('-c, --concurrency <list>', 'clients that wait for responses: 1,8,64 or 1:64:x2')
    .option('-r, --rate <list>', 'requests per second, at random times, instead of -c')
    .option('--rows <number>', 'rows of each request (default: 1)')
    .option('--shape <input:sizes>', 'variable dimensions, such as ids:128; repeatable', collect)
    .option('--data <file>', 'JSON file with a request body, or a list of them')
    .option('--duration <seconds>', 'length of a measurement (default: until stable)')
    .option('--warm-up <seconds>', 'warm-up before each measurement (default: 1)')
    .option('--sweep', 'find the best settings, in a private gateway')
    .option('--p99 <ms>', '  objective: maximum of the 99th percentile')
    .option('--instances <list>', '  values to try, such as 1,2,4')
    .option('--threads <list>', '  values to try')
    .option('--batch <list>', '  values of max_batch_rows to try')
    .option('--repository <folder>', '  folder of models')
    .addHelpText('after', '\nExample: nexus bench digits --sweep --p99 20')
    .action(async (model: string, options: object) => {
      const { runBench } = await import('./run-bench.js');
      await runBench(model, options);
    });
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
