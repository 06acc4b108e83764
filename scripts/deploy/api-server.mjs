import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NAMESPACE, run } from './manifests.mjs';

const READY_MS = 180_000;
const USER = 'deploy-check';

/**
 * A Kubernetes API server with its etcd, on free ports of the loopback interface, without nodes or controllers: it admits
 * and validates objects, and runs nothing. Its files are in a folder of the caller's.
 */
export class ApiServer {
  #tools;
  #kubeconfig;
  #processes = [];

  constructor(tools, folder) {
    this.#tools = tools;
    this.folder = folder;
    this.#kubeconfig = join(folder, 'kubeconfig.json');
  }

  /** Starts both and resolves when the API server is ready; rejects with its last lines if it exits or takes too long. */
  async start() {
    const [client, peer, port] = await freePorts(3);
    const certs = join(this.folder, 'certs');
    mkdirSync(certs, { recursive: true });
    const path = (name) => join(certs, name);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(path('sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
    writeFileSync(path('sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const token = randomUUID();
    writeFileSync(path('tokens.csv'), `${token},${USER},${USER},system:masters\n`, { mode: 0o600 });

    const etcd = `http://127.0.0.1:${client}`;
    const peers = `http://127.0.0.1:${peer}`;
    this.#spawn('etcd', {
      'data-dir': join(this.folder, 'etcd'),
      'listen-client-urls': etcd,
      'advertise-client-urls': etcd,
      'listen-peer-urls': peers,
      'initial-advertise-peer-urls': peers,
      'initial-cluster': `default=${peers}`,
    });
    const server = this.#spawn('kube-apiserver', {
      'etcd-servers': etcd,
      'bind-address': '127.0.0.1',
      'endpoint-reconciler-type': 'none',
      'secure-port': port,
      'cert-dir': certs,
      'authorization-mode': 'RBAC',
      'token-auth-file': path('tokens.csv'),
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': path('sa.pub'),
      'service-account-signing-key-file': path('sa.key'),
      'service-cluster-ip-range': '10.0.0.0/24',
      // The accounts and classes that Pods name are those of a real cluster.
      'disable-admission-plugins': 'ServiceAccount,Priority,RuntimeClass',
      // Only the level of the namespace is to refuse privileged Pods.
      'allow-privileged': true,
    });
    writeFileSync(this.#kubeconfig, kubeconfig(port, path('apiserver.crt'), token), { mode: 0o600 });
    await this.#untilReady(server);
  }

  /** What `kubectl` with these arguments prints; rejects if it fails. */
  kubectl(...args) {
    const env = { KUBECONFIG: this.#kubeconfig, KUBECACHEDIR: join(this.folder, 'kubectl') };
    return run(this.#tools.kubectl, args, env);
  }

  /** Waits until the API server answers for every group, after their CRDs were created. */
  async untilServed(groups) {
    await this.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
    for (let tries = 0; tries < 120; tries++) {
      const served = JSON.parse(await this.kubectl('get', '--raw', '/apis')).groups.map(({ name }) => name);
      if (groups.every((group) => served.includes(group))) return;
      await delay(500);
    }
    throw new Error('the API server does not serve the groups of the CRDs after a minute');
  }

  /** Ends both, and resolves when they have exited. */
  async stop() {
    for (const { child, exited } of this.#processes.toReversed()) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(timer);
    }
  }

  #spawn(name, flags) {
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const child = spawn(this.#tools[name], args, { stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', () => child.kill('SIGKILL'));
    const started = { name, child, exited: once(child, 'close').catch(() => undefined), log: '' };
    child.on('error', (error) => (started.log = error.message));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => (started.log = (started.log + text).slice(-4000)));
    }
    this.#processes.push(started);
    return started;
  }

  async #untilReady(server) {
    const end = Date.now() + READY_MS;
    while (Date.now() < end) {
      const dead = this.#processes.find(
        ({ child }) => child.pid === undefined || child.exitCode !== null || child.signalCode,
      );
      if (dead !== undefined) throw new Error(`${dead.name} has exited:\n${dead.log}`);
      try {
        await this.kubectl('get', '--raw', '/readyz');
        return;
      } catch {
        await delay(500);
      }
    }
    throw new Error(`kube-apiserver was not ready after ${READY_MS / 1000} s:\n${server.log}`);
  }
}

function kubeconfig(port, certificate, token) {
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority': certificate };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'check', cluster }],
    users: [{ name: USER, user: { token } }],
    contexts: [{ name: 'check', context: { cluster: 'check', user: USER, namespace: NAMESPACE } }],
    'current-context': 'check',
  });
}

/** Ports that nothing listens on. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
