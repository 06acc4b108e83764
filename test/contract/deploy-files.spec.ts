import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Config } from '../../src/config/config';
import { variableOf } from '../../src/config/load-config';
import { HAS_PROMTOOL, promtool } from '../e2e/support/monitoring';

const SETTINGS = new Set(Object.keys(new Config()).map(variableOf));

/** Variables of compose.yaml itself, which example.env lists. */
const OF_COMPOSE = new Set(['NEXUS_MODELS', 'NEXUS_ADDRESS', 'NEXUS_MEMORY', 'NEXUS_SHM', 'NEXUS_IMAGE']);

const files = ['deploy/systemd', 'deploy/compose', 'deploy/proxies'].flatMap((folder) =>
  readdirSync(folder).map((name) => join(folder, name)),
);

it.each(files)('%s names settings that exist', (file) => {
  const named = readFileSync(file, 'utf8').match(/\bNEXUS_[A-Z_]+\b/g) ?? [];
  expect(named.filter((name) => !SETTINGS.has(name) && !OF_COMPOSE.has(name))).toEqual([]);
});

interface Service {
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

describe('compose.yaml', () => {
  const text = readFileSync('deploy/compose/compose.yaml', 'utf8');
  const { services, networks, volumes } = parse(text, { merge: true }) as {
    services: Readonly<Record<string, Service>>;
    networks: Readonly<Record<string, unknown>>;
    volumes: Readonly<Record<string, unknown>>;
  };
  const all = Object.entries(services);

  it.each(all)('restricts %s, and mounts what exists', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service).toHaveProperty('mem_limit');
    expect((service.networks ?? []).filter((name) => !(name in networks))).toEqual([]);
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.replace(/\$\{\w+:-([^}]*)\}/g, '$1').split(':');
      expect(source.startsWith('.') ? existsSync(join('deploy/compose', source)) : source in volumes).toBe(
        true,
      );
    }
  });

  it('has no passwords of its own, and publishes only on loopback by default', () => {
    const secrets = all.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /KEY|PASSWORD|_URL/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(3);
    expect(secrets.filter(([, value]) => !/\$\{\w+:\?/.test(value))).toEqual([]);
    const ports = all.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !/^(127\.0\.0\.1|\$\{NEXUS_ADDRESS:-127\.0\.0\.1\}):/.test(port))).toEqual(
      [],
    );
  });

  it('reads the variables of example.env, and no others', () => {
    const read = new Set(Array.from(text.matchAll(/[^$]\$\{(\w+)/g), ([, name]) => name!));
    const listed = readFileSync('deploy/compose/example.env', 'utf8').matchAll(/^#?(\w+)=/gm);
    expect(Array.from(listed, ([, name]) => name!).toSorted()).toEqual([...read].toSorted());
  });
});

(HAS_PROMTOOL ? it : it.skip)('promtool accepts the configuration of Prometheus', () => {
  const args = ['check', 'config', '--syntax-only', 'deploy/compose/prometheus.yaml'];
  expect(promtool(args)).toMatchObject({ status: 0 });
});
