import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affine } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { median, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { binaryRequest, drive } from './load.mts';
import { goal, record } from './results.mts';
import { measure, startGateway } from './server.mts';

const RELOADS = 200;
const WIDTH = 64;

/** Reloads a model repeatedly while 64 connections use it, and compares the p99 of another model. */
export async function reloads({ seconds }: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const file = join(folder, 'changing/1/model.onnx');
  for (const model of ['changing', 'other']) save(join(folder, model, '1/model.onnx'), affine());
  const gateway = await startGateway(folder, {
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: '*',
  });
  const request = { connections: 64, ...binaryRequest('x', [1, WIDTH], ['y']) };
  const load = { path: '/v2/models/changing/infer', ...request };
  const p99 = async () => {
    const url = `${gateway.url}/v2/models/other/infer`;
    const [ms] = await Promise.all([
      measure('latency.mts', url, seconds, WIDTH),
      drive(gateway.url, load, seconds),
    ]);
    return ms;
  };
  await drive(gateway.url, load, WARM_UP_SECONDS);
  const ratios: number[] = [];
  let done = 0;
  while (done < RELOADS) {
    process.stderr.write(`reloads: ${done} of ${RELOADS}\n`);
    const before = await p99();
    const measured = new AbortController();
    const meanwhile = p99().finally(() => measured.abort());
    for (; !measured.signal.aborted && done < RELOADS; done++) {
      save(`${file}.new`, affine(done));
      renameSync(`${file}.new`, file);
      await reload(gateway.url);
    }
    ratios.push((await meanwhile) / before);
  }
  record('reloads', { 'p99 of another model to that without reloads': ratios });
  goal('p99 of another model during reloads to that without', median(ratios), 'at most', 1.2);
  console.log(
    `${done} reloads under 64 connections: no failed requests, p99 of another model ${median(ratios).toFixed(2)} times that without reloads`,
  );
  await gateway.stop();
  rmSync(folder, { recursive: true });
}

async function reload(url: string): Promise<void> {
  const answer = await fetch(`${url}/v2/repository/models/changing/load`, { method: 'POST' });
  if (!answer.ok) throw new Error(`load returned ${answer.status}: ${await answer.text()}`);
}
