import { prepare } from './prepare.mjs';
import { runClientChecks } from './client-checks.mjs';

// `yarn conformance:clients`: runs the clients people use against the built gateway. Ends with 1 when a check fails.
await prepare();
const { passed, failed } = await runClientChecks();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
