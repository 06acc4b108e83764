import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputOf, spawnChild } from './children.mts';
import type { Message, Traffic } from './traffic.mts';

/** One thread can saturate a gateway, which needs the other cores. */
const CORES_PER_THREAD = 4;
const CONNECTIONS_PER_THREAD = 64;
/** Longer than a batch of the heaviest model waits; wrk reports every later response as a failure. */
const TIMEOUT_SECONDS = 30;

/** What wrk counts, as the script prints it. */
interface Summary {
  readonly requests: number;
  readonly us: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuSeconds: number;
  readonly failed: number;
}

/** Whether wrk is on the PATH. */
export const isWrkInstalled = spawnSync('wrk', ['--version']).error === undefined;

/** Sends `message` to `url` for `seconds`, with wrk. @throws Error if a request failed. */
export async function sendByWrk(
  url: string,
  message: Message,
  connections: number,
  seconds: number,
): Promise<Traffic> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  try {
    const address = url + message.path;
    const { requests, us, p50Us, p99Us, cpuSeconds, failed } = await run(
      writeScript(folder, message),
      address,
      connections,
      seconds,
    );
    if (failed > 0) throw new Error(`${failed} of ${requests} requests to ${address} failed`);
    return {
      requests,
      seconds: us / 1e6,
      p50Ms: p50Us / 1000,
      p99Ms: p99Us / 1000,
      senderCpuMs: cpuSeconds * 1000,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(script: string, address: string, connections: number, seconds: number): Promise<Summary> {
  const threads = Math.min(
    Math.floor(availableParallelism() / CORES_PER_THREAD),
    Math.floor(connections / CONNECTIONS_PER_THREAD),
  );
  const options = {
    '--threads': Math.max(1, threads),
    '--connections': connections,
    '--duration': Math.ceil(seconds),
    '--timeout': TIMEOUT_SECONDS,
    '--script': script,
  };
  const child = spawnChild('wrk', [...Object.entries(options).flat().map(String), address]);
  const output = outputOf(child);
  // wrk takes whole seconds. A signal lets it end early.
  const timer = Number.isInteger(seconds)
    ? undefined
    : setTimeout(() => child.kill('SIGINT'), seconds * 1000);
  const lines = (await output.finally(() => clearTimeout(timer))).split('\n');
  return JSON.parse(lines.at(-1)!) as Summary;
}

/** Writes `message` as a script of wrk. The body is a file, as it can have any bytes. */
function writeScript(folder: string, { body, headers = {}, keys }: Message): string {
  const [script, bodyFile] = [join(folder, 'load.lua'), join(folder, 'body')];
  writeFileSync(bodyFile, body);
  const lines = [
    'wrk.method = "POST"',
    `local file = assert(io.open(${text(bodyFile)}, "rb"))`,
    'wrk.body = file:read("*a")',
    'file:close()',
    ...Object.entries(headers).map(([name, value]) => `wrk.headers[${text(name)}] = ${text(value)}`),
    ...(keys ? linesOfKeys(keys) : []),
    DONE,
  ];
  writeFileSync(script, lines.join('\n'));
  return script;
}

/** Lets consecutive requests of a thread send the keys in turn. */
function linesOfKeys(keys: readonly string[]): string[] {
  return [
    'local requests, sent = {}, 0',
    'function init()',
    `  for _, key in ipairs({${keys.map(text).join(', ')}}) do`,
    '    wrk.headers["authorization"] = "Bearer " .. key',
    '    requests[#requests + 1] = wrk.format()',
    '  end',
    'end',
    'function request()',
    '  sent = sent % #requests + 1',
    '  return requests[sent]',
    'end',
  ];
}

/** A Lua string. JSON encodes printable ASCII the same way, and headers contain nothing else. */
function text(value: string): string {
  return JSON.stringify(value);
}

const DONE = `
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  local line = '\\n{"requests":%d,"us":%d,"p50Us":%d,"p99Us":%d,"cpuSeconds":%.6f,"failed":%d}\\n'
  io.write(line:format(summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), os.clock(), failed))
end
`;
