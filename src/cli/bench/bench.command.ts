import type { Command } from 'commander';
import { addGatewayOptions } from '../gateway-options';

/** Adds `nexus bench`, which measures a model, and searches the best settings for it. */
export function addBenchCommand(program: Command): void {
  addGatewayOptions(program.command('bench'))
    .description('measure the throughput and latency of a model, or search its best settings')
    .argument('<model>', 'name of the model')
    .helpGroup('Use a running gateway:')
    .option('-c, --concurrency <list>', 'clients that each wait for their response: 1,8,64 or 1:64:x2')
    .option('-r, --rate <list>', 'requests per second at random times, in place of --concurrency')
    .option('--rows <number>', 'rows of each request', '1')
    .option(
      '--shape <input:dimensions>',
      'variable dimensions of an input, such as ids:128; repeatable',
      collect,
      [],
    )
    .option('--data <file>', 'JSON file with the body of a request, or a list of bodies')
    .option('--duration <seconds>', 'time of each measurement (default: until it is stable)')
    .option('--warm-up <seconds>', 'time before it that does not count', '1')
    .option('--sweep', 'search instances, threads and max_batch_rows, in a private gateway')
    .option('--p99 <ms>', 'with --sweep: the most that the 99th percentile may be')
    .option('--instances <list>', 'with --sweep: values to try')
    .option('--threads <list>', 'with --sweep: values to try')
    .option('--batch <list>', 'with --sweep: values of max_batch_rows to try')
    .option('--repository <folder>', 'with --sweep: folder of models')
    .addHelpText(
      'after',
      '\nExamples:\n  nexus bench digits -c 1,8,64\n  nexus bench digits --rate 200,400\n  nexus bench digits --sweep --p99 20',
    )
    .action(async (model: string, options: object) => {
      const { runBench } = await import('./run-bench.js');
      await runBench(model, options);
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
