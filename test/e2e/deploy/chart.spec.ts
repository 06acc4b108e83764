import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { affine } from '../../fixtures/models';
import { HAS_HELM, helmTemplate, manifestsOf, type Manifest } from '../support/chart';
import { Gateway, Repository } from '../support/gateway';
import { nexus } from '../support/nexus';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway | undefined;
let manifests: readonly Manifest[];
let settings: Readonly<Record<string, string>>;
let key: string;

const find = (kind: string, name = 'nexus') =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name)!;

(HAS_HELM ? describe : describe.skip)('a gateway with the settings of the chart', () => {
  beforeAll(async () => {
    manifests = manifestsOf(helmTemplate().stdout);
    settings = find('ConfigMap').data!;
    key = Buffer.from(find('Secret').data!['api-key']!, 'base64').toString();
    repository = new Repository().model('m', affine());
    gateway = await Gateway.start(repository, {
      ...settings,
      // What a pod has of its own: addresses, volumes, and the key in a Secret.
      NEXUS_HOST: '127.0.0.1',
      NEXUS_PORT: '0',
      NEXUS_GRPC_PORT: '0',
      NEXUS_ADMIN_PORT: '0',
      NEXUS_MODEL_REPOSITORY: repository.path,
      NEXUS_STATE_FILE: join(repository.path, 'state.json'),
      NEXUS_DRAIN_DELAY_MS: '0',
      NEXUS_API_KEY: key,
    });
  });

  afterAll(() => tearDown(gateway, repository));

  it.each(['startupProbe', 'readinessProbe', 'livenessProbe'])('passes its %s', async (probe) => {
    const [container] = find('Deployment').spec.template.spec.containers;
    const { path, scheme } = container[probe].httpGet;
    expect(scheme).toBe('HTTP');
    expect((await gateway!.fetch(path)).status).toBe(200);
  });

  it('has metrics without a key, on the admin port only', async () => {
    const admin = /admin on (\S+\d)/.exec(gateway!.stderr)![1]!;
    expect((await fetch(`${admin}/metrics`)).status).toBe(200);
    expect((await gateway!.fetch('/metrics')).status).toBe(404);
  });

  describe('and `helm test`', () => {
    /** Runs the script of the first container in `folder`, which has the package.json of an image. */
    async function script(env: NodeJS.ProcessEnv, folder = '.') {
      const [container] = find('Pod', 'nexus-test').spec.containers;
      const [command, ...args] = container.command as string[];
      expect(command).toBe('node');
      const child = spawn(process.execPath, args, { cwd: folder, env });
      const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      return { status: child.exitCode, output: out + errors };
    }

    it('passes', async () => {
      const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
      expect(await script({ URL: gateway!.url, NEXUS_API_KEY: key })).toEqual({
        status: 0,
        output: `${gateway!.url} is ready\nversion ${version}\n`,
      });
      const [, container] = find('Pod', 'nexus-test').spec.containers;
      const args = (container.args as string[]).map((arg) => (arg.startsWith('http') ? gateway!.url : arg));
      expect(await nexus(args, { NEXUS_API_KEY: key })).toMatchObject({ status: 0 });
    });

    it('fails where the Service runs another version, and with a wrong key', async () => {
      const other = new Repository().add('package.json', '{ "version": "9.9.9" }');
      const wrong = await script({ URL: gateway!.url, NEXUS_API_KEY: key }, other.path);
      other.remove();
      expect(wrong).toMatchObject({ status: 1, output: expect.stringContaining('and the image is 9.9.9') });
      const denied = await script({ URL: gateway!.url, NEXUS_API_KEY: 'another-key-of-this-length' });
      expect(denied).toMatchObject({ status: 1, output: expect.stringContaining('401') });
    });
  });
});
