import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { outputOf, spawnChild, stopChild } from './children.mts';

/** An option of Node for scripts that import from `src`. */
export const NO_WARNING = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON';

/** A server to measure. */
export interface Server {
  readonly url: string;
  /** `<host>:<port>` of gRPC; empty if it has no gRPC server. */
  readonly grpc: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the bare Fastify echo. */
export function startEcho(): Promise<Server> {
  return startScript('echo.mts');
}

/** Starts Fastify with JSON.parse. */
export function startParser(): Promise<Server> {
  return startScript('parser.mts');
}

/** Starts the bare grpc-js echo. */
export async function startGrpcEcho(): Promise<Server> {
  const server = await startScript('grpc-echo.mts');
  return { ...server, url: '', grpc: server.url };
}

/** Starts a target that answers from memory. */
export function startUpstream(): Promise<Server> {
  return startScript('upstream.mts');
}

/** Starts a bare proxy in front of `upstream`, which reads bodies whole or forwards them as streams. */
export function startProxy(upstream: string, how: 'whole' | 'streams'): Promise<Server> {
  return startScript('proxy.mts', upstream, how);
}

/** Starts a server in Python that prints its address. */
export function startPython(python: string, script: string, ...args: readonly string[]): Promise<Server> {
  return startProgram(python, [`bench/${script}`, ...args]);
}

function startScript(script: string, ...args: readonly string[]): Promise<Server> {
  return startProgram(process.execPath, [NO_WARNING, `bench/${script}`, ...args]);
}

/** Starts a server that prints its address. @throws Error if it ends without. */
async function startProgram(program: string, args: readonly string[]): Promise<Server> {
  const child = spawnChild(program, args);
  const [url] = (await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')])) as [
    unknown,
  ];
  if (typeof url !== 'string') throw new Error(`${args.join(' ')} ended before it printed its address`);
  return { url, grpc: '', pid: child.pid!, stop: () => stopChild(child) };
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
  const child = spawnChild(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let url = '';
  let grpc = '';
  const lines: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    url ||= /http:\S+\d/.exec(line)?.[0] ?? '';
    grpc ||= /gRPC on (\S+\d)/.exec(line)?.[1] ?? '';
    if (/Docs/.test(line)) return { url, grpc, pid: child.pid!, stop: () => stopChild(child) };
  }
  throw new Error(`the gateway did not start:\n${lines.join('\n')}`);
}

/** Runs a script of this folder and resolves to the number that it prints. */
export async function measure(script: string, ...args: readonly (string | number)[]): Promise<number> {
  return Number(await print(script, ...args));
}

/** Runs a script of this folder and resolves to what it prints. */
export function print(script: string, ...args: readonly (string | number)[]): Promise<string> {
  return outputOf(spawnChild(process.execPath, [NO_WARNING, `bench/${script}`, ...args.map(String)]));
}
