import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../toolchain.mjs';
import { ApiServer } from './api-server.mjs';
import { CHART, NAMESPACE, run, valuesFiles } from './manifests.mjs';
import { objectsIn } from './objects.mjs';
import { LOCATIONS, missingGroups, presentCrds, PROJECTS } from './schemas.mjs';
import { kubernetes } from './tools.mjs';

/** The checks of kube-score that are not asked for, and why; by the values file if it is for one alone. */
const IGNORED_SCORES = {
  'container-image-pull-policy':
    'images are named by version or digest, so that IfNotPresent runs the same image',
};
const IGNORED_SCORES_OF = {
  [`${CHART}/ci/open-values.yaml`]: { 'pod-networkpolicy': 'these values turn the policy off' },
  'deploy/inference-extension/endpoint-picker.yaml': {
    'pod-networkpolicy': 'who may reach it depends on the proxy',
  },
};

/** What the namespace asks of Pods; it also warns of a Deployment whose Pods it would refuse. */
const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

const PRIVILEGED = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'privileged' },
  spec: { containers: [{ name: 'privileged', image: 'nexus', securityContext: { privileged: true } }] },
};

const UNKNOWN_FIELDS = [
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'refused' }, spec: { unknownField: true } },
  {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'refused' },
    spec: { unknownField: true },
  },
];

/** `helm lint --strict` with each values file: a check for each. */
export function lintChecks({ helm }) {
  return valuesFiles().map((file) => ({
    label: `helm lint ${file}`,
    check: () => run(helm, ['lint', '--strict', '--quiet', CHART, '--values', file]),
  }));
}

/** The schema of the values refuses a value with the wrong type for each key, and a key that it does not know. */
export function refusedValues({ helm }, folder) {
  return {
    label: 'values.schema.json refuses wrong values',
    check: async () => {
      const { properties } = JSON.parse(readFileSync(join(root, CHART, 'values.schema.json'), 'utf8'));
      const keys = [...Object.keys(properties), 'unknownKey'];
      const file = join(folder, 'refused.json');
      writeFileSync(file, JSON.stringify(Object.fromEntries(keys.map((key) => [key, [[]]]))));
      const refusal = await failure(
        run(helm, ['template', CHART, '--values', file, '--kube-version', kubernetes]),
      );
      const accepted = keys.filter((key) => !refusal?.stderr?.includes(key));
      if (accepted.length > 0) throw new Error(`accepted [[]] as ${accepted.join(', ')}`);
    },
  };
}

/** Schemas refuse an unknown field of Kubernetes and of a project. */
export function refusedFields({ kubeconform }, version, folder) {
  return {
    label: 'kubeconform refuses unknown fields',
    check: async () => {
      for (const object of UNKNOWN_FIELDS.filter((each) => !isUnknown(each))) {
        const file = writeList(folder, `${object.kind} refused`, [object]);
        const refusal = await failure(conform(kubeconform, version, [file]));
        if (!refusal?.stdout?.includes('unknownField'))
          throw refusal ?? new Error(`accepted in ${object.kind}`);
      }
    },
  };
}

/** All manifests are valid in that version of Kubernetes. */
export function schemaCheck({ kubeconform }, version, { manifests, faults }) {
  return {
    label: `kubeconform ${version}`,
    check: async () => {
      if (faults.length > 0) throw new Error(faults.join('\n'));
      const skipped = manifests.flatMap(({ file }) => objectsIn(file).filter(isUnknown).map(gvk));
      const files = manifests.map(({ file }) => file);
      return conform(kubeconform, version, files, skipped);
    },
  };
}

/** kube-score finds nothing critical in the manifests, but for {@link IGNORED_SCORES}: a check for each. */
export function scoreChecks(tools, { manifests }, folder) {
  const [minor] = /^v\d+\.\d+/.exec(kubernetes);
  return manifests.map(({ source, file }) => ({
    label: `kube-score ${source}`,
    check: async () => {
      // The Pods of `helm test` end: they need no probes.
      const objects = objectsIn(file).filter(
        ({ metadata }) => metadata?.annotations?.['helm.sh/hook'] !== 'test',
      );
      const ignored = Object.keys({ ...IGNORED_SCORES, ...IGNORED_SCORES_OF[source] });
      const options = ignored.flatMap((name) => ['--ignore-test', name]);
      const list = writeList(folder, `${source} score`, objects);
      const args = ['score', '--output-format', 'ci', '--kubernetes-version', minor, ...options, list];
      const refusal = await failure(run(tools['kube-score'], args));
      if (refusal === undefined) return;
      const critical = refusal.stdout?.split('\n').filter((line) => line.startsWith('[CRITICAL]')) ?? [];
      throw new Error(critical.join('\n') || refusal.stderr || refusal.message);
    },
  }));
}

/**
 * An API server admits all manifests into a namespace with restricted Pod security, also the Pods that their templates
 * make, and warns of nothing. The check `start` comes before all others; the caller stops the `server` after the last.
 */
export function admissionChecks(tools, { manifests }, folder) {
  const server = new ApiServer(tools, folder);
  const apply = (...files) => {
    const dryRun = ['--server-side', '--dry-run=server', '--validate=strict', '--warnings-as-errors'];
    return server.kubectl('apply', ...dryRun, ...files.flatMap((file) => ['-f', file]));
  };
  const start = async () => {
    await server.start();
    for (const crds of presentCrds()) await server.kubectl('apply', '--server-side', '-f', crds);
    const groups = Object.values(PROJECTS).flatMap((project) => project.groups);
    await server.untilServed(groups.filter((group) => !missingGroups().includes(group)));
    const namespaces = manifests.flatMap(({ file }) =>
      objectsIn(file).map(({ metadata }) => metadata?.namespace ?? NAMESPACE),
    );
    for (const name of new Set([NAMESPACE, ...namespaces])) {
      await server.kubectl('create', 'namespace', name);
      await server.kubectl(
        'label',
        'namespace',
        name,
        ...Object.entries(RESTRICTED).map((pair) => pair.join('=')),
      );
    }
  };
  const refuse = async () => {
    const refusal = await failure(apply(writeList(folder, 'privileged', [PRIVILEGED])));
    if (!refusal?.stderr?.includes('violates PodSecurity "restricted'))
      throw refusal ?? new Error('it was admitted');
  };
  return {
    server,
    start: { label: `kube-apiserver ${kubernetes} starts with the CRDs`, check: start },
    checks: [
      { label: 'kube-apiserver refuses a privileged Pod', check: refuse },
      ...manifests.map(({ source, file }) => ({
        label: `kube-apiserver admits ${source}`,
        check: () => {
          const objects = objectsIn(file);
          const known = objects.filter((object) => !isUnknown(object));
          const pods = known.flatMap(podsOf);
          return apply(
            known.length === objects.length ? file : writeList(folder, `${source} known`, known),
            ...(pods.length > 0 ? [writeList(folder, `${source} pods`, pods)] : []),
          );
        },
      })),
    ],
  };
}

/** The Pods that an object's controller would make of it; KServe's runtimes have the fields of a Pod in their spec. */
function podsOf({ kind, metadata: { name, namespace }, spec }) {
  const runtime = kind.endsWith('ServingRuntime') && {
    spec: { containers: spec.containers, volumes: spec.volumes },
  };
  const template = spec?.template ?? spec?.jobTemplate?.spec.template ?? runtime;
  if (!template?.spec?.containers) return [];
  const pod = { name: `${kind}-${name}`.toLowerCase(), ...(namespace && { namespace }) };
  return [{ apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, ...pod }, spec: template.spec }];
}

function conform(kubeconform, version, files, skipped = []) {
  // Each of its workers would compile the schemas anew, and that takes most of the time.
  const options = ['-strict', '-summary', '-n', '1', '-kubernetes-version', version.slice(1)];
  const locations = LOCATIONS.flatMap((location) => ['-schema-location', location]);
  return run(kubeconform, [...options, '-skip', skipped.join(), ...locations, ...files]);
}

/** A file with the objects. */
function writeList(folder, name, items) {
  const file = join(folder, `${name.replaceAll(/[^\w.-]/g, '_')}.json`);
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return file;
}

/** Whether the object's CRD could not be downloaded. */
function isUnknown({ apiVersion }) {
  return missingGroups().includes(apiVersion?.split('/')[0]);
}

function gvk({ apiVersion, kind }) {
  return `${apiVersion}/${kind}`;
}

/** Why a promise is rejected; undefined if it is not. */
async function failure(promise) {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}
