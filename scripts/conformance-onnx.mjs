import { runOnnxChecks } from './onnx-checks.mjs';
import { prepare } from './prepare.mjs';

// `yarn conformance:onnx`: compares the built gateway with ONNX Runtime, using the backend tests of the onnx wheel. `--only
// <pattern>` selects models by name, `--sample` the models of `npm test`. Exits with 1 if a response is wrong.
await prepare();
const { passed, failed } = await runOnnxChecks(process.argv.slice(2));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
