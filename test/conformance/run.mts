import { parseArgs } from 'node:util';
import { writeModels } from './models.ts';
import { Progress } from './progress.ts';
import { NotReady } from './ready.ts';
import { reportText, requiredFailed } from './report.ts';
import { startGateway } from './server.ts';
import { runSuite, type Target } from './suite.ts';

/*
 * `yarn conformance` runs the suite against the built gateway; with --url against any server that has the models that
 * --write-models writes. Exits with 1 when a required case fails.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    grpc: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean' },
    'write-models': { type: 'string' },
  },
});

const progress = new Progress();

try {
  if (values['write-models'] === undefined) await run();
  else writeModels(values['write-models'], { config: true });
} catch (error) {
  if (!(error instanceof NotReady)) throw error;
  progress.clear();
  console.error(error.message);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const only = values.only === undefined ? undefined : new RegExp(values.only, 'i');
  if (values.url !== undefined) return report({ url: values.url, grpc: values.grpc, only });
  progress.show('starting the gateway');
  const server = await startGateway();
  try {
    await report({ url: server.url, grpc: server.grpc, only });
  } finally {
    await server.stop();
  }
}

async function report(target: Target): Promise<void> {
  const results = await runSuite(target, (text) => progress.show(text));
  progress.clear();
  console.log(values.json ? JSON.stringify(results, undefined, 2) : reportText(results));
  process.exitCode = requiredFailed(results) ? 1 : 0;
}
