import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const NO_WARNING = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON';

/** A server under load: where it listens, and how to end it. */
export interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the bare Fastify echo. */
export async function startEcho(): Promise<Server> {
  const child = spawn(process.execPath, [NO_WARNING, 'bench/echo.mts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { url, pid: child.pid!, stop: () => stop(child) };
}

/** Starts the built gateway as a user would, on a free port, with the rate limiter on but never reached. */
export async function startGateway(repository: string): Promise<Server> {
  const env = {
    ...process.env,
    NEXUS_PORT: '0',
    NEXUS_MODEL_REPOSITORY: repository,
    NEXUS_RATE_LIMIT: '1000000000',
    NEXUS_DRAIN_DELAY_MS: '0',
  };
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let url = '';
  for await (const line of createInterface(child.stderr!)) {
    url ||= /http:\S+\d/.exec(line)?.[0] ?? '';
    if (/Docs/.test(line)) break;
  }
  return { url, pid: child.pid!, stop: () => stop(child) };
}

/** Runs the raw session and resolves with its rows a second. */
export async function measureRaw(...args: readonly (string | number)[]): Promise<number> {
  const child = spawn(process.execPath, [NO_WARNING, 'bench/raw-session.mts', ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [rate] = (await once(createInterface(child.stdout!), 'line')) as [string];
  await once(child, 'exit');
  return Number(rate);
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}
