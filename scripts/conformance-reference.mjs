import { prepare } from './prepare.mjs';
import { runReferenceChecks } from './reference-checks.mjs';

// `yarn conformance:reference`: compares embeddings and labels of the built gateway with those of Python's libraries. Exits
// with 1 if one differs.
await prepare();
const { passed, failed } = await runReferenceChecks();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
