import { prepare } from './prepare.mjs';
import { runContractChecks } from './contract-checks.mjs';

// `yarn contract`: holds the built gateway to its OpenAPI document. Arguments go to Schemathesis: `--max-examples 1000`
// makes a longer run. Ends with 1 when a check fails.
await prepare();
const { passed, failed } = await runContractChecks(process.argv.slice(2));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
