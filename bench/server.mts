import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const NO_WARNING = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON';

/** A server to measure. */
export interface Server {
  readonly url: string;
  /** `<host>:<port>` of gRPC; empty if it has no gRPC server. */
  readonly grpc: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the bare Fastify echo. */
export async function startEcho(): Promise<Server> {
  const [url, child] = await startScript('bench/echo.mts');
  return { url, grpc: '', pid: child.pid!, stop: () => stop(child) };
}

/** Starts the bare grpc-js echo. */
export async function startGrpcEcho(): Promise<Server> {
  const [grpc, child] = await startScript('bench/grpc-echo.mts');
  return { url: '', grpc, pid: child.pid!, stop: () => stop(child) };
}

/** Starts a target that answers from memory. */
export async function startUpstream(): Promise<Server> {
  const [url, child] = await startScript('bench/upstream.mts');
  return { url, grpc: '', pid: child.pid!, stop: () => stop(child) };
}

/** Starts a bare proxy in front of `upstream`, which reads bodies whole or forwards them as streams. */
export async function startProxy(upstream: string, how: 'whole' | 'streams'): Promise<Server> {
  const [url, child] = await startScript('bench/proxy.mts', upstream, how);
  return { url, grpc: '', pid: child.pid!, stop: () => stop(child) };
}

/** Starts a server in Python. */
export async function startPython(python: string, script: string, argument: string): Promise<Server> {
  const [url, child] = await startProgram(python, [`bench/${script}`, argument]);
  return { url, grpc: '', pid: child.pid!, stop: () => stop(child) };
}

/** Starts a script that prints its address. */
function startScript(
  path: string,
  ...args: readonly string[]
): Promise<[address: string, child: ChildProcess]> {
  return startProgram(process.execPath, [NO_WARNING, path, ...args]);
}

/** Starts a program that prints its address. */
async function startProgram(
  program: string,
  args: readonly string[],
): Promise<[address: string, child: ChildProcess]> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [address] = (await once(createInterface(child.stdout), 'line')) as [string];
  return [address, child];
}

/** Starts the built gateway as users do, on free ports, with the rate limiter on but a limit that is never reached. */
export async function startGateway(repository: string, settings: NodeJS.ProcessEnv = {}): Promise<Server> {
  const env = {
    ...process.env,
    NEXUS_PORT: '0',
    NEXUS_GRPC_PORT: '0',
    NEXUS_MODEL_REPOSITORY: repository,
    NEXUS_RATE_LIMIT: '1000000000',
    NEXUS_DRAIN_DELAY_MS: '0',
    ...settings,
  };
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let url = '';
  let grpc = '';
  for await (const line of createInterface(child.stderr)) {
    url ||= /http:\S+\d/.exec(line)?.[0] ?? '';
    grpc ||= /gRPC on (\S+\d)/.exec(line)?.[1] ?? '';
    if (/Docs/.test(line)) break;
  }
  return { url, grpc, pid: child.pid!, stop: () => stop(child) };
}

/** Runs a script of this folder and resolves to the number that it prints. */
export async function measure(script: string, ...args: readonly (string | number)[]): Promise<number> {
  return Number(await print(script, ...args));
}

/** Runs a script of this folder and resolves to the line that it prints. */
export async function print(script: string, ...args: readonly (string | number)[]): Promise<string> {
  const child = spawn(process.execPath, [NO_WARNING, `bench/${script}`, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = (await once(createInterface(child.stdout), 'line')) as [string];
  await once(child, 'exit');
  return printed;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}
