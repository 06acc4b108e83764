import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { text } from 'node:stream/consumers';
import { MODELS, writeModels } from '../../conformance/models';
import { selfSigned } from '../../fixtures/certificate';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';

const COMMAND = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'test/conformance/run.mts'];

describe('yarn conformance', () => {
  it('runs no case against a server without the models, and tells which are missing', async () => {
    const repository = new Repository().model('affine', affine());
    const gateway = await Gateway.start(repository, { NEXUS_LOG_LEVEL: 'error' });
    try {
      const { code, stdout, stderr } = await run(['--url', gateway.url, '--grpc', gateway.grpc]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      const count = Object.keys(MODELS).length;
      expect(stderr).toContain(`${count - 1} of the suite's ${count} models are missing or not ready`);
      expect(stderr).toContain('identity_bool, identity_uint8');
      expect(stderr).not.toMatch(/\baffine\b/);
      expect(stderr).toContain('--write-models');
    } finally {
      await gateway.stop();
      repository.remove();
    }
  });

  it('says so when nothing answers', async () => {
    const { code, stdout, stderr } = await run(['--url', 'http://127.0.0.1:1']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('The server does not answer: connect ECONNREFUSED 127.0.0.1:1\n');
  });

  it('speaks TLS, over HTTP and gRPC', async () => {
    const { key, cert } = selfSigned();
    const repository = new Repository();
    writeModels(repository.path);
    const gateway = await Gateway.start(repository, { NEXUS_LOG_LEVEL: 'error' });
    const http = await terminator(key, cert, new URL(gateway.url).host);
    const grpc = await terminator(key, cert, gateway.grpc);
    const folder = mkdtempSync(join(tmpdir(), 'nexus-test-'));
    const trusted = join(folder, 'cert.pem');
    writeFileSync(trusted, cert);
    const address = (server: Server) => `localhost:${(server.address() as AddressInfo).port}`;
    const args = ['--url', `https://${address(http)}`, '--grpc', `grpcs://${address(grpc)}`];
    try {
      const only = ['--only', 'version 1 answers', '--json'];
      const { code, stdout } = await run([...args, ...only], { NODE_EXTRA_CA_CERTS: trusted });
      const outcomes = (JSON.parse(stdout) as { outcome: string }[]).map(({ outcome }) => outcome);
      expect({ code, outcomes }).toEqual({ code: 0, outcomes: ['passed', 'passed', 'passed'] });
      const distrusting = await run(args);
      expect(distrusting.code).toBe(1);
      expect(distrusting.stderr).toMatch(/^The server does not answer: .*self-signed certificate/);
    } finally {
      http.close();
      grpc.close();
      await gateway.stop();
      repository.remove();
      rmSync(folder, { recursive: true });
    }
  });
});

/** Runs the command and resolves with what it printed. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [...COMMAND, ...args], { env: { ...process.env, ...env } });
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const [stdout, stderr, [code]] = await output;
  return { code: code as number | null, stdout, stderr };
}

/** Listens with TLS on a free port and passes all that comes on to `target`, as a load balancer would. */
async function terminator(key: string, cert: string, target: string): Promise<Server> {
  const [host, port] = target.split(':');
  const server = createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    const inner = connect(Number(port), host);
    socket.pipe(inner).pipe(socket);
    socket.on('error', () => inner.destroy());
    inner.on('error', () => socket.destroy());
  });
  server.on('tlsClientError', () => {});
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return server;
}
