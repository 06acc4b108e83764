import { prepare } from './prepare.mjs';
import { runClientChecks } from './client-checks.mjs';
import { runEngineChecks } from './engine-checks.mjs';

// `yarn conformance:clients`: runs popular clients against the built gateway. Exits with 1 if a check fails.
await prepare();
const counts = [await runClientChecks(), await runEngineChecks()];
const sum = (outcome) => counts.reduce((total, one) => total + one[outcome], 0);
const [passed, failed] = [sum('passed'), sum('failed')];
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
