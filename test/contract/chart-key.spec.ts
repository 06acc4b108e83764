import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { CHART, HAS_HELM, manifestsOf } from '../e2e/support/chart';

const NAME = '/api/v1/namespaces/ml/secrets/nexus';
const secrets = { name: 'secrets', singularName: 'secret', namespaced: true, kind: 'Secret', verbs: ['get'] };

/** What Helm asks of a cluster before it looks a Secret up. */
const DISCOVERY: Readonly<Record<string, object>> = {
  '/version': { major: '1', minor: '34', gitVersion: 'v1.34.0' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [secrets] },
};

/** The Secret of the release, as the cluster has it. */
let secret: object | undefined;
let cluster: Server;

(HAS_HELM ? describe : describe.skip)('the key that the chart generates', () => {
  beforeAll(async () => {
    cluster = createServer(({ url = '' }, response) => {
      const path = url.split('?')[0]!;
      const answer = path === NAME ? secret : DISCOVERY[path];
      const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? missing));
    }).listen(0, '127.0.0.1');
    await once(cluster, 'listening');
  });

  afterAll(() => {
    cluster.closeAllConnections();
    cluster.close();
  });

  /** The key that an installation or upgrade would store. */
  async function key(): Promise<string> {
    const { port } = cluster.address() as AddressInfo;
    const address = ['--dry-run=server', '--kube-apiserver', `http://127.0.0.1:${port}`];
    const args = ['template', 'nexus', CHART, '--namespace', 'ml', '--kube-version', '1.34.0', ...address];
    const { stdout } = await promisify(execFile)('helm', args);
    const [made] = manifestsOf(stdout).filter(({ kind }) => kind === 'Secret');
    return Buffer.from(made!.data!['api-key']!, 'base64').toString();
  }

  it('is random in a first installation, and one that the gateway accepts', async () => {
    secret = undefined;
    const first = await key();
    expect(first).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(await key()).not.toBe(first);
  });

  it('is kept by an upgrade', async () => {
    const data = { 'api-key': Buffer.from('a key of an earlier release').toString('base64') };
    secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'nexus', namespace: 'ml' }, data };
    expect(await key()).toBe('a key of an earlier release');
  });
});
