import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { affine } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { spawnChild, stopChild } from './children.mts';
import { NO_WARNING, startGateway, type Server } from './server.mts';

const BUDGET = '512MiB';
const SECONDS = 6;
const PROBE_MS = 20;

/** The attacks of attacker.mts, with descriptions. */
const ATTACKS = {
  none: 'no attack',
  bodies: '60 bodies of 64 MiB, never completed',
  json: '20 JSON bodies of 64 MiB',
  gzip: '40 gzip bodies that expand to 64 MiB',
  answers: '60 unread responses of 32 MiB',
  calls: '100,000 gRPC calls on one connection',
  drip: '2,000 gRPC messages sent slowly',
} as const;

/** Attacks a gateway with a budget of 512 MiB in several ways, and prints the effect on other clients. */
export async function attacks(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  save(join(folder, 'affine/1/model.onnx'), affine());
  console.log(
    `NEXUS_MEMORY_IN_FLIGHT=${BUDGET}, ${SECONDS} s each; another client sends a request every ${PROBE_MS} ms\n`,
  );
  for (const [attack, text] of Object.entries(ATTACKS)) await defend(folder, attack, text);
  rmSync(folder, { recursive: true });
}

async function defend(folder: string, attack: string, text: string): Promise<void> {
  const settings = { NEXUS_MEMORY_IN_FLIGHT: BUDGET, NEXUS_LOG_LEVEL: 'warn' };
  const gateway = await startGateway(folder, settings);
  const before = memoryOf(gateway.pid, 'VmRSS');
  const script = [NO_WARNING, 'bench/attacker.mts', attack, gateway.url, gateway.grpc];
  const attacker = spawnChild(process.execPath, script);
  const { health, asked, lost } = await probe(gateway);
  const peak = memoryOf(gateway.pid, 'VmHWM');
  await stopChild(attacker);
  const ms = (share: number) => (health[Math.floor(share * health.length)] ?? NaN).toFixed(1);
  console.log(
    `${text}: peak ${peak} MiB (${before} MiB before), /health/live p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms, ` +
      `${lost} of ${asked} requests of another client failed`,
  );
  await gateway.stop();
}

/** Repeatedly sends a health check and a small inference request. */
async function probe(gateway: Server): Promise<{ health: number[]; asked: number; lost: number }> {
  const health: number[] = [];
  let asked = 0;
  let lost = 0;
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }];
  const body = JSON.stringify({ inputs });
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; await delay(PROBE_MS)) {
    const started = performance.now();
    await (await fetch(`${gateway.url}/health/live`)).text();
    health.push(performance.now() - started);
    asked++;
    const answer = await fetch(`${gateway.url}/v2/models/affine/infer`, { method: 'POST', body });
    await answer.text();
    if (answer.status !== 200) lost++;
  }
  return { health: health.toSorted((one, other) => one - other), asked, lost };
}

/** Current or peak resident memory of a process, in MiB. */
function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kib] = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Math.round(Number(kib) / 1024);
}
