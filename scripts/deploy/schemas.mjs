import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goEnv, missingGo } from '../go.mjs';
import { tryStep } from '../progress.mjs';
import { hashFiles } from '../stamp.mjs';
import { root } from '../toolchain.mjs';
import { objectsIn } from './objects.mjs';
import { cache } from './tools.mjs';

/** The supported versions of Kubernetes, oldest first. */
export const KUBERNETES = ['v1.32.13', 'v1.33.13', 'v1.34.4', 'v1.35.4', 'v1.36.3', 'v1.37.2'];

/** The projects whose kinds the manifests use: the Go module, the files with its CRDs, and the API groups of these. */
export const PROJECTS = {
  'Gateway API': {
    module: 'sigs.k8s.io/gateway-api@v1.6.3',
    crds: 'config/crd/standard/gateway*.yaml',
    groups: ['gateway.networking.k8s.io'],
  },
  KEDA: {
    module: 'github.com/kedacore/keda/v2@v2.21.0',
    crds: 'config/crd/bases/keda.sh_*.yaml',
    groups: ['keda.sh'],
  },
  'Prometheus operator': {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    crds: 'example/prometheus-operator-crd/*.yaml',
    groups: ['monitoring.coreos.com'],
  },
  KServe: {
    module: 'github.com/kserve/kserve@v0.20.0',
    crds: 'config/crd/full/serving*.yaml',
    groups: ['serving.kserve.io'],
  },
  'Gateway API Inference Extension': {
    module: 'sigs.k8s.io/gateway-api-inference-extension@v1.6.0',
    crds: 'config/crd/bases/*.yaml',
    groups: ['inference.networking.k8s.io', 'inference.networking.x-k8s.io'],
  },
};

/** What an older version of this file made is not used. */
const made = join(cache, `schemas-${hashFiles(root, ['scripts/deploy/schemas.mjs']).slice(0, 12)}`);
const crds = join(made, 'crds');

/** Where kubeconform finds the schemas, as templates. */
export const LOCATIONS = [
  join(made, '{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json'),
  join(made, 'projects/{{.Group}}/{{.ResourceKind}}-{{.ResourceAPIVersion}}.json'),
];

/** The versions of Kubernetes of which there are schemas. */
export function presentVersions() {
  return KUBERNETES.filter((version) => existsSync(join(made, version)));
}

/** The folders with the CRDs of the projects, without those that could not be downloaded. */
export function presentCrds() {
  return Object.keys(PROJECTS).map(crdsOf).filter(existsSync);
}

/** The API groups of the projects whose CRDs could not be downloaded. */
export function missingGroups() {
  return Object.entries(PROJECTS).flatMap(([name, { groups }]) => (existsSync(crdsOf(name)) ? [] : groups));
}

/** Makes the schemas of one version of Kubernetes from its OpenAPI document. Resolves to the `reason` if it cannot. */
export function ensureVersion(version) {
  return ensureFolder(join(made, version), `k8s.io/kubernetes@${version}`, (module, folder) => {
    const { definitions } = JSON.parse(readFileSync(join(module, 'api/openapi-spec/swagger.json'), 'utf8'));
    const file = '_definitions.json';
    writeFileSync(join(folder, file), JSON.stringify({ definitions: mapValues(definitions, strict) }));
    for (const [name, { 'x-kubernetes-group-version-kind': kinds = [] }] of Object.entries(definitions)) {
      for (const { group, version: api, kind } of kinds) {
        const [prefix] = group.split('.');
        const parts = [kind, ...(prefix === '' ? [] : [prefix]), api];
        const schema = { $ref: `${file}#/definitions/${name}` };
        writeFileSync(join(folder, `${parts.join('-').toLowerCase()}.json`), JSON.stringify(schema));
      }
    }
  });
}

/** Copies the CRDs of a project of {@link PROJECTS} and makes schemas of them. Resolves to the `reason` if it cannot. */
export function ensureProject(name) {
  return ensureFolder(crdsOf(name), PROJECTS[name].module, (module, folder) => {
    const files = globSync(join(module, PROJECTS[name].crds));
    const definitions = files.flatMap(objectsIn).filter(({ kind }) => kind === 'CustomResourceDefinition');
    for (const definition of definitions) {
      const { group, names, versions } = definition.spec;
      writeFileSync(join(folder, `${names.plural}.${group}.json`), JSON.stringify(definition));
      const place = join(made, 'projects', group);
      mkdirSync(place, { recursive: true });
      for (const { name: api, schema } of versions) {
        const path = join(place, `${names.kind.toLowerCase()}-${api}.json`);
        writeFileSync(path, JSON.stringify(strict(schema.openAPIV3Schema)));
      }
    }
  });
}

function crdsOf(name) {
  return join(crds, PROJECTS[name].module.replaceAll('/', '_'));
}

/** Downloads `module`, has `make` write files of it into `folder` unless that exists, and keeps nothing else. */
async function ensureFolder(folder, module, make) {
  if (existsSync(folder)) return {};
  const missing = missingGo();
  if (missing !== undefined) return { reason: missing };
  const work = mkdtempSync(join(tmpdir(), 'nexus-deploy-'));
  try {
    const { succeeded, output } = await tryStep(
      `downloading ${module}`,
      'go',
      ['mod', 'download', '-modcacherw', '-json', module],
      { cwd: work, env: { ...goEnv, GOMODCACHE: work } },
    );
    const start = output.indexOf('{');
    const { Dir: source, Error: reason } =
      start < 0 ? {} : JSON.parse(output.slice(start, output.lastIndexOf('}') + 1));
    if (!succeeded || source === undefined) return { reason: (reason ?? output).trim().split('\n').at(-1) };
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    make(source, partial);
    renameSync(partial, folder);
    return {};
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** An OpenAPI schema as a JSON schema that refuses unknown properties, as the API server does with strict validation. */
function strict(schema, name = '') {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string')
    return { type: ['integer', 'string'] };
  if (name.endsWith('.resource.Quantity')) return { type: ['number', 'string'] };
  const { type, properties, items, additionalProperties, nullable } = schema;
  const closed = properties && !additionalProperties && !schema['x-kubernetes-preserve-unknown-fields'];
  // What is below allOf, anyOf, oneOf and not only adds conditions to the properties beside it.
  return {
    ...Object.fromEntries(Object.entries(schema).filter(([key]) => !/^(x-|description|default$)/.test(key))),
    ...(nullable && type && { type: [type, 'null'] }),
    ...(properties && { properties: mapValues(properties, (property) => strict(property)) }),
    ...(items && { items: strict(items) }),
    ...(closed
      ? { additionalProperties: false }
      : additionalProperties && { additionalProperties: strict(additionalProperties) }),
  };
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}
