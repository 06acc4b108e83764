import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { Config } from '../../src/config/config';
import { isSecret, variableOf } from '../../src/config/load-config';
import {
  CHART,
  HAS_HELM,
  HAS_KUBECTL,
  helmTemplate,
  KUSTOMIZE,
  manifestsOf,
  yamlOf,
  type Manifest,
} from '../e2e/support/chart';

const config = new Config();
const SETTINGS = Object.keys(config).map(variableOf);
const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
const defaults = yamlOf(join(CHART, 'values.yaml'));
const valuesFiles = [
  ...readdirSync(CHART).filter((name) => /^values-.*\.yaml$/.test(name)),
  ...readdirSync(join(CHART, 'ci')).map((name) => join('ci', name)),
];

/** Values as Helm merges them: maps by key, everything else whole; null removes. */
function merged(base: any, change: any): any {
  if (!isMap(base) || !isMap(change)) return change;
  const all = { ...base };
  for (const [key, value] of Object.entries(change))
    if (value === null) delete all[key];
    else all[key] = merged(base[key], value);
  return all;
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All files below `folder`, by their paths. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the values', () => {
  let validate: ValidateFunction;

  beforeAll(() => {
    validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
  });

  it.each(['values.yaml', ...valuesFiles])('in %s obey the schema', (file) => {
    validate(merged(defaults, yamlOf(join(CHART, file))));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('must have names that the chart knows, at every level', () => {
    const unknown: string[] = [];
    const add = (path: readonly string[]) => {
      const change = [...path, 'misspelt'].reduceRight<unknown>((value, key) => ({ [key]: value }), true);
      if (validate(merged(defaults, change))) unknown.push(path.join('.'));
    };
    // What Kubernetes reads as it is: maps of strings, and objects of its API.
    const free =
      /^(resources\.\w+|autoscaling\.(behavior|keda\.\w+)|strategy\.rollingUpdate|\w*[sS]ecurityContext)$/;
    const visit = (value: object, path: readonly string[]) => {
      if (free.test(path.join('.')) || (Object.keys(value).length === 0 && path.length > 0)) return;
      add(path);
      for (const [key, inner] of Object.entries(value)) if (isMap(inner)) visit(inner, [...path, key]);
    };
    visit(defaults, []);
    expect(unknown).toEqual([]);
  });

  it('may set every setting of the gateway; `npm run schemas` writes the names anew', () => {
    expect(Object.keys(schema.properties.settings.properties)).toEqual(SETTINGS.toSorted());
  });

  it('have the times of the gateway', () => {
    expect(defaults.settings).toMatchObject({
      NEXUS_DRAIN_DELAY_MS: config.drainDelayMs,
      NEXUS_REQUEST_TIMEOUT_MS: config.requestTimeoutMs,
    });
  });
});

it('chart, bases and images have the version of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(yamlOf(join(CHART, 'Chart.yaml'))).toMatchObject({ version, appVersion: version });
  const base = yamlOf(join(KUSTOMIZE, 'base/kustomization.yaml'));
  expect(base.images[0].newTag).toBe(version);
  expect(base.labels[0].pairs).toEqual({ 'app.kubernetes.io/version': version });
  expect(base.images[0].newName).toBe(defaults.image.repository);
  const [gpu] = yamlOf(join(KUSTOMIZE, 'gpu/kustomization.yaml')).images;
  expect(gpu).toEqual({ name: defaults.image.repository, newTag: `${version}-cuda` });
});

it('every NEXUS_ variable in the chart, the bases and their documentation is a setting', () => {
  const files = [...filesIn(CHART), ...filesIn(KUSTOMIZE), 'docs/kubernetes.md'];
  const unknown = files.flatMap((file) =>
    Array.from(
      readFileSync(file, 'utf8').matchAll(/\bNEXUS_[A-Z][A-Z0-9_]*/g),
      ([name]) => `${file}: ${name}`,
    ).filter((found) => !SETTINGS.includes(found.split(': ')[1]!)),
  );
  expect(unknown).toEqual([]);
});

it('the chart and the bases serve the ports of the gateway', () => {
  const templates = filesIn(join(CHART, 'templates')).map((file) => readFileSync(file, 'utf8'));
  expect(templates.join('\n')).toContain(`name: http, containerPort: ${config.port},`);
  expect(templates.join('\n')).toContain(`name: grpc, containerPort: ${config.grpcPort},`);
  const settings = readFileSync(join(KUSTOMIZE, 'base/settings.env'), 'utf8');
  expect(settings).toContain(`NEXUS_PORT=${config.port}\nNEXUS_GRPC_PORT=${config.grpcPort}\n`);
});

it('the rules in the chart are those of Prometheus, and name one job', () => {
  const rules = readFileSync(join(CHART, 'files/rules.yaml'), 'utf8');
  expect(rules).toBe(readFileSync('deploy/prometheus/rules.yaml', 'utf8'));
  expect(rules.match(/job="nexus"/g)).toHaveLength(1);
});

it('a HorizontalPodAutoscaler scales by metrics that the adapter makes', () => {
  const template = readFileSync(join(CHART, 'templates/hpa.yaml'), 'utf8');
  const used = Array.from(template.matchAll(/metric: \{ name: (\w+) \}/g), ([, name]) => name);
  const made = yamlOf('deploy/prometheus/adapter.yaml').rules.custom.map((rule: any) => rule.name.as);
  expect(used).toEqual(made);
});

(HAS_HELM ? describe : describe.skip)('helm', () => {
  const set = (...values: readonly string[]) => helmTemplate(...values.flatMap((value) => ['--set', value]));

  it.each([
    ['no credentials', ['auth.generateApiKey=false'], 'does not start without credentials'],
    [
      'keys without authentication',
      ['auth.enabled=false', 'auth.apiKey=0123456789abcdef'],
      'lets everyone in',
    ],
    ['a grace period that is too short', ['terminationGracePeriodSeconds=30'], 'to at least 80'],
    [
      'a longer drain than the grace period',
      ['terminationGracePeriodSeconds=90', 'settings.NEXUS_DRAIN_DELAY_MS=20000'],
      'to at least 95',
    ],
    [
      'two sources of models',
      ['models.repository=s3://models', 'models.existingClaim=models'],
      'only one of',
    ],
    [
      'a setting in the environment',
      ['extraEnv[0].name=NEXUS_DRAIN_DELAY_MS'],
      'set settings.NEXUS_DRAIN_DELAY_MS',
    ],
    ['KEDA without Prometheus', ['autoscaling.type=keda'], 'autoscaling.keda.prometheusUrl'],
    ['a route without its Gateway', ['gateway.http.enabled=true'], 'gateway.http.parentRefs'],
    ['an admin port that is taken', ['admin.port=8001'], 'choose another one'],
    ['a misspelt setting', ['settings.NEXUS_BODY_LIMITS=1'], "'NEXUS_BODY_LIMITS' not allowed"],
  ])('refuses %s, and says what to set', (_what, values, message) => {
    const { ok, stderr } = set(...values);
    expect(stderr).toContain(message);
    expect(ok).toBe(false);
  });

  it.each(SETTINGS.filter((name) => isSecret(Object.keys(config)[SETTINGS.indexOf(name)]!)))(
    'refuses %s in the ConfigMap',
    (name) => {
      expect(set(`settings.${name}=secret`).stderr).toContain('it is a secret, and a ConfigMap is not');
    },
  );

  it('writes large numbers as the gateway reads them', () => {
    expect(set('settings.NEXUS_RATE_LIMIT=1000000').stdout).toContain('NEXUS_RATE_LIMIT: "1000000"');
  });

  it('leaves out alerts, and names the section of the run-book for the others', () => {
    const { stdout } = helmTemplate('--values', join(CHART, 'ci/monitoring-values.yaml'));
    const [rule] = manifestsOf(stdout).filter(({ kind }) => kind === 'PrometheusRule');
    const alerts = rule!.spec.groups.flatMap((group: any) => group.rules).filter((one: any) => one.alert);
    expect(alerts.filter((one: any) => one.alert === 'NexusModelSlow')).toHaveLength(1);
    const down = alerts.find((one: any) => one.alert === 'NexusInstanceDown');
    expect(down.expr).toBe('up{job=~"nexus/.+"} == 0');
    expect(down.annotations.runbook_url).toMatch(/^https:.*\/docs\/runbook\.md#nexusinstancedown$/);
  });
});

(HAS_HELM && HAS_KUBECTL ? describe : describe.skip)('the chart and the Kustomize bases', () => {
  it.each([
    ['base', 'values.yaml'],
    ['cpu', 'values-cpu.yaml'],
    ['gpu', 'values-gpu.yaml'],
  ])('deploy the same with %s and %s', (base, values) => {
    const chart = helmTemplate(
      '--values',
      join(CHART, values),
      '--set',
      'auth.apiKeySecret.name=nexus,tests.enabled=false',
    );
    const kustomize = spawnSync('kubectl', ['kustomize', join(KUSTOMIZE, base)], { encoding: 'utf8' });
    expect(kustomize.stderr).toBe('');
    expect(comparable(kustomize.stdout)).toEqual(comparable(chart.stdout));
  });
});

/** What two renderings of the gateway must agree in, by kind and name: everything but labels of Helm and checksums. */
function comparable(text: string): Record<string, unknown> {
  return Object.fromEntries(
    manifestsOf(text).map(({ kind, metadata: { name }, spec, data, ...rest }) => {
      const { metadata: _labels, ...others } = rest as Partial<Manifest>;
      if (kind === 'Deployment') {
        const { template } = spec;
        for (const key of Object.keys(template.metadata.annotations))
          if (key.startsWith('checksum/')) delete template.metadata.annotations[key];
        template.spec.volumes.sort((one: any, other: any) => one.name.localeCompare(other.name));
        const [container] = template.spec.containers;
        for (const source of container.envFrom) source.configMapRef.name = plain(source.configMapRef.name);
      }
      return [`${kind} ${plain(name)}`, { spec, data, ...others }];
    }),
  );
}

/** The name of a ConfigMap without the hash of its contents. */
function plain(name: string): string {
  return basename(name).replace(/^nexus-[a-z0-9]{10}$/, 'nexus');
}
