import { prepare } from './prepare.mjs';
import { runClientChecks } from './client-checks.mjs';

// `yarn conformance:clients`: runs popular clients against the built gateway. Exits with 1 if a check fails.
await prepare();
const { passed, failed } = await runClientChecks();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
