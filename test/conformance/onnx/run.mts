import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Progress } from '../progress.ts';
import { exportTests, type BackendTest } from './cases.ts';
import { check, type Verdict } from './check.ts';
import { TestedGateway } from './gateway.ts';
import { Reference } from './reference.ts';
import { faultLine, isFault, tableText } from './report.ts';
import { SAMPLE } from './sample.ts';

/*
 * Compares the built gateway with ONNX Runtime, test by test. Exits with 1 when anything is wrong, and sends the counts to
 * the process that started it.
 */
const { values } = parseArgs({
  options: {
    /** The Python that has the onnx wheel. */
    python: { type: 'string', default: 'python3' },
    /** Compares few tests, the same each time. */
    sample: { type: 'boolean', default: false },
    /** Compares the models whose name matches. */
    only: { type: 'string', default: '' },
  },
});

/** Models a gateway serves at a time. */
const CHUNK = 120;
/** Models compared at a time. */
const AT_ONCE = 6;
/** A delay long enough for requests that were sent at once to meet, and a queue that has room for all of them. */
const SETTINGS = 'max_queue_delay_us: 4000\nmax_queue_rows: 1000000\n';

const progress = new Progress();
const folder = mkdtempSync(join(tmpdir(), 'nexus-onnx-'));
const reference = new Reference();
try {
  await run();
} finally {
  reference.stop();
  rmSync(folder, { recursive: true });
}

async function run(): Promise<void> {
  progress.show('writing the tests');
  const all = await exportTests(values.python, join(folder, 'all'), values.sample ? SAMPLE : []);
  const only = new RegExp(values.only);
  const tests = all.filter(({ name }) => only.test(name));
  const verdicts: Verdict[] = [];
  const tell = () =>
    progress.show(`${verdicts.length}/${tests.length}, ${verdicts.filter(isFault).length} wrong`);
  for (let start = 0; start < tests.length; start += CHUNK) {
    tell();
    await checkChunk(tests.slice(start, start + CHUNK), (verdict) => {
      verdicts.push(verdict);
      progress.clear();
      if (isFault(verdict)) console.log(faultLine(verdict));
      tell();
    });
  }
  progress.clear();
  console.log(tableText(verdicts));
  const failed = verdicts.filter(isFault).length;
  process.send?.({ passed: verdicts.length - failed, failed });
  process.exitCode = failed > 0 || verdicts.length === 0 ? 1 : 0;
}

/** Serves `tests` and compares them, some at a time. */
async function checkChunk(
  tests: readonly BackendTest[],
  onVerdict: (verdict: Verdict) => void,
): Promise<void> {
  const repository = join(folder, 'served');
  mkdirSync(repository);
  for (const { name } of tests) {
    renameSync(join(folder, 'all', name), join(repository, name));
    writeFileSync(join(repository, name, 'model.yaml'), SETTINGS);
  }
  const gateway = await TestedGateway.serving(repository);
  const left = [...tests];
  const checkNext = async () => {
    for (let test = left.shift(); test !== undefined; test = left.shift())
      onVerdict(await check(test, join(repository, test.name, '1/model.onnx'), gateway, reference));
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, checkNext));
  } finally {
    await gateway.stop();
    rmSync(repository, { recursive: true });
  }
}
