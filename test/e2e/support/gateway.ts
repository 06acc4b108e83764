import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { save } from '../../fixtures/onnx.ts';
import { send, type Answer, type Message } from './http.ts';
import { runnersOf } from './processes.ts';

/** A line of the gateway's log. */
export type LogLine = Record<string, unknown> & { msg?: string };

/** A folder of models that is gone with {@link remove}. Paths are relative to it. */
export class Repository {
  readonly path = mkdtempSync(join(tmpdir(), 'nexus-test-'));

  add(path: string, content: Uint8Array | string): this {
    save(join(this.path, path), content);
    return this;
  }

  /** Adds `<name>/1/model.onnx` and, where given, `<name>/model.yaml`. */
  model(name: string, onnx: Uint8Array, yaml?: string): this {
    this.add(`${name}/1/model.onnx`, onnx);
    return yaml === undefined ? this : this.add(`${name}/model.yaml`, yaml);
  }

  /** Adds a copy of a sample model. */
  sample(name: string): this {
    cpSync(join('models', name), join(this.path, name), { recursive: true });
    return this;
  }

  /** Adds a symbolic link. */
  link(path: string, target: string): this {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    symlinkSync(target, join(this.path, path));
    return this;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Gateways that run: a test that fails before it stops its own leaves none behind. */
const alive = new Set<ChildProcess>();
process.once('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

/** Where Node keeps compiled code, which takes a fifth off the processor time of a start. */
export const COMPILED = join(process.cwd(), 'node_modules/.cache/nexus-test');

/**
 * How the process is started: through the command `under`, with the arguments `args`, as the user `uid`, and with
 * `descriptors` from number 3 on.
 */
export interface Launch {
  readonly descriptors?: readonly number[];
  readonly under?: readonly string[];
  readonly args?: readonly string[];
  readonly uid?: number;
}

/** The built gateway as its own process, on a free port, as a user starts it. */
export class Gateway {
  readonly logs: LogLine[] = [];
  stderr = '';
  /** All lines of the log, as they came. */
  stdout = '';
  url = '';
  /** `<host>:<port>` of gRPC. */
  grpc = '';
  private readonly child: ChildProcess;
  private readonly waiting = new Set<() => void>();

  private constructor(repository: string, env: NodeJS.ProcessEnv, how: Launch = {}) {
    const { under = [], args = [], descriptors = [], ...as } = how;
    const [command = '', ...rest] = [...under, process.execPath, 'dist/main.js', ...args];
    this.child = spawn(command, rest, {
      ...as,
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: COMPILED,
        NEXUS_PORT: '0',
        NEXUS_GRPC_PORT: '0',
        NEXUS_MODEL_REPOSITORY: repository,
        NEXUS_DRAIN_DELAY_MS: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    });
    alive.add(this.child);
    createInterface(this.child.stdout!).on('line', (line) => {
      this.stdout += `${line}\n`;
      this.logs.push(JSON.parse(line) as LogLine);
      this.changed();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.changed();
    });
    this.child.once('close', () => {
      alive.delete(this.child);
      this.changed();
    });
  }

  /** Starts a gateway, and waits for nothing. */
  static launch(repository: Repository | string, env: NodeJS.ProcessEnv = {}, how: Launch = {}): Gateway {
    return new Gateway(typeof repository === 'string' ? repository : repository.path, env, how);
  }

  /** Starts a gateway and waits until it listens; models may still be loading. */
  static async listening(
    repository: Repository | string,
    env: NodeJS.ProcessEnv = {},
    how: Launch = {},
  ): Promise<Gateway> {
    const gateway = Gateway.launch(repository, env, how);
    await gateway.until(() => gateway.stderr.includes('loading'));
    gateway.url = /https?:\S+\d/.exec(gateway.stderr)![0];
    gateway.grpc = /gRPC on (\S+\d)/.exec(gateway.stderr)![1]!;
    return gateway;
  }

  /** Starts a gateway and waits until each of its models is READY or UNAVAILABLE. */
  static async start(
    repository: Repository | string,
    env: NodeJS.ProcessEnv = {},
    how: Launch = {},
  ): Promise<Gateway> {
    const gateway = await Gateway.listening(repository, env, how);
    await gateway.until(() => gateway.stderr.includes('Docs'));
    return gateway;
  }

  /** Starts a gateway that is expected not to. Resolves with its exit code and what it printed for people. */
  static async failing(
    env: NodeJS.ProcessEnv,
    repository: Repository | string = './models',
  ): Promise<{ code: number | null; stderr: string; logs: readonly LogLine[] }> {
    const gateway = Gateway.launch(repository, env);
    const code = await gateway.exited();
    return { code, stderr: gateway.stderr, logs: gateway.logs };
  }

  /** Sends one request. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Sends one request as it stands, see {@link send}. */
  send(path: string, message?: Message): Promise<Answer> {
    return send(this.url, path, message);
  }

  /** Every version of every model, with its state and the reason. */
  async index(): Promise<{ name: string; version: string; state: string; reason: string }[]> {
    return (await this.send('/v2/repository/index', { method: 'POST' })).json();
  }

  /** Sends a V2 inference request as JSON and reads the answer. */
  async infer(model: string, request: object): Promise<{ status: number; body: any; headers: Headers }> {
    const response = await this.fetch(`/v2/models/${model}/infer`, {
      method: 'POST',
      body: JSON.stringify(request),
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  }

  /** The value of the sample `series`, e.g. `nexus_queue_rows{model="a",version="1"}`; undefined when it is not there. */
  async metric(series: string): Promise<number | undefined> {
    const text = await (await this.fetch('/metrics')).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length));
  }

  /** Resolves when `condition` holds; it is asked whenever the gateway has written something, or has ended. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const ask = () => {
        if (condition()) resolve();
        else if (this.ended) reject(new Error(`the gateway ended: ${this.stderr}`));
        else return;
        this.waiting.delete(ask);
      };
      this.waiting.add(ask);
      ask();
    });
  }

  /** Resolves when the sample `series` has `value`. */
  async reached(series: string, value: number): Promise<void> {
    while ((await this.metric(series)) !== value) await delay(5);
  }

  /** Resolves when version 1 of `model` executes this many batches. */
  running(model: string, executions = 1): Promise<void> {
    return this.reached(`nexus_running_executions{model="${model}",version="1"}`, executions);
  }

  /** Resolves when this many requests for version 1 of `model` wait in its queue. */
  queued(model: string, requests: number): Promise<void> {
    return this.reached(`nexus_queue_requests{model="${model}",version="1"}`, requests);
  }

  /** Resolves with the first line of the log that matches. */
  async logged(matches: (line: LogLine) => boolean): Promise<LogLine> {
    await this.until(() => this.logs.some(matches));
    return this.logs.find(matches)!;
  }

  /** Resolves when the gateway has logged that it drains. */
  async draining(): Promise<void> {
    await this.logged(({ msg }) => msg?.startsWith('shutting down') ?? false);
  }

  /** Resolves with the process ids of the runners with this label when there are at least `count`. */
  async started(label: string, count = 1): Promise<number[]> {
    while (this.runners(label).length < count) await delay(5);
    return this.runners(label);
  }

  /** Process ids of the runners, by the model and version in their titles. */
  runners(label: string): number[] {
    return runnersOf(this.child.pid!, label);
  }

  /** Halts the runners of version 1 of `model`: what they are asked for waits until the function that this returns is called. */
  halt(model: string): () => void {
    const pids = this.runners(`${model}/1`);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return () => pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
  }

  get pid(): number {
    return this.child.pid!;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with the exit code once the process has ended and all it wrote has been read. */
  async exited(): Promise<number | null> {
    if (!this.ended) await once(this.child, 'close');
    return this.child.exitCode;
  }

  /** Ends the gateway as an operator would and waits for it. */
  async stop(): Promise<number | null> {
    this.kill('SIGTERM');
    return this.exited();
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private changed(): void {
    for (const ask of this.waiting) ask();
  }
}
