import { stop } from './progress.mjs';
import { ensureVenv, missingPython } from './python.mjs';

// `node scripts/bench-peers.mjs <peer>...`: installs the servers that the gateway is compared with, each with the packages of
// bench/peers/<peer>.txt. Prints, as JSON, the path of `python` for each.
const missing = missingPython();
if (missing !== undefined) stop(`cannot install the servers to compare with: ${missing}`);
const pythons = {};
for (const peer of process.argv.slice(2)) {
  const { python, reason } = await ensureVenv(`bench-${peer}`, `bench/peers/${peer}.txt`);
  if (python === undefined) stop(`cannot install ${peer}: ${reason}`);
  pythons[peer] = python;
}
process.stdout.write(`${JSON.stringify(pythons)}\n`);
