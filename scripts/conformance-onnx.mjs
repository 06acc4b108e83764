import { runOnnxChecks } from './onnx-checks.mjs';
import { prepare } from './prepare.mjs';

// `yarn conformance:onnx`: compares the built gateway with ONNX Runtime, over the backend tests of the onnx wheel. `--only
// <pattern>` takes the models whose name matches, `--sample` those of `npm test`. Ends with 1 when an answer is wrong.
await prepare();
const { passed, failed } = await runOnnxChecks(process.argv.slice(2));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
