import { prepare } from './prepare.mjs';
import { runContractChecks } from './contract-checks.mjs';

// `yarn contract`: checks the built gateway against its OpenAPI document. Arguments are passed to Schemathesis, for example
// `--max-examples 1000` for a longer run. Exits with 1 if a check fails.
await prepare();
const { passed, failed } = await runContractChecks(process.argv.slice(2));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
