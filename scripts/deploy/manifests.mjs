import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../toolchain.mjs';
import { objectsIn } from './objects.mjs';
import { PROJECTS } from './schemas.mjs';

const exec = promisify(execFile);

/** The folder of the Helm chart. */
export const CHART = 'deploy/helm/nexus';

/** The namespace that everything is rendered for. */
export const NAMESPACE = 'nexus';

/** The values files of the chart. */
export function valuesFiles() {
  return find(`${CHART}/values*.yaml`, `${CHART}/ci/*.yaml`);
}

/**
 * Renders everything in deploy/ that a cluster may get into `folder`, a file for each source: the chart with each values
 * file, for that version of Kubernetes, each kustomization, and each plain manifest. Resolves to these as `manifests`
 * with the `source` and the `file`, and to the `faults` of what cannot be rendered.
 */
export async function render({ helm, kubectl }, version, folder) {
  mkdirSync(folder, { recursive: true });
  const sources = [
    ...valuesFiles().map((file) => [file, () => helmTemplate(helm, version, file)]),
    ...kustomizations().map((place) => [place, () => run(kubectl, ['kustomize', place])]),
    ...plainFiles().map((file) => [file, () => readFileSync(join(root, file), 'utf8')]),
  ];
  const manifests = [];
  const faults = [];
  for (const [source, make] of sources) {
    try {
      const file = join(folder, `${source.replaceAll('/', '_').replace(/\.yaml$/, '')}.yaml`);
      writeFileSync(file, await make());
      manifests.push({ source, file });
    } catch (error) {
      faults.push(`${source}: ${error.stderr?.trim() || error.message}`);
    }
  }
  return { manifests, faults };
}

/** Runs a program in the root folder. Resolves to what it prints; rejects if it fails, with its `stdout` and `stderr`. */
export async function run(program, args, env = {}) {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 1 << 28 };
  return (await exec(program, args, options)).stdout;
}

function helmTemplate(helm, version, values) {
  // The chart may ask which kinds the cluster knows.
  const groups = Object.values(PROJECTS).flatMap(({ groups: names }) => names);
  const apis = groups.flatMap((group) => ['--api-versions', `${group}/v1`]);
  const names = ['nexus', CHART, '--namespace', NAMESPACE, '--values', values];
  return run(helm, ['template', ...names, '--kube-version', version, ...apis]);
}

/** The folders that `kubectl kustomize` builds: all but components, which only others include. */
function kustomizations() {
  return find('deploy/**/kustomization.yaml')
    .filter((file) => objectsIn(join(root, file)).some(({ kind }) => kind !== 'Component'))
    .map((file) => dirname(file));
}

/** The manifests that stand alone: outside the chart and the folders of kustomizations. */
function plainFiles() {
  const owned = [CHART, ...find('deploy/**/kustomization.yaml').map((file) => dirname(file))];
  return find('deploy/**/*.yaml').filter((file) => {
    if (owned.some((place) => file.startsWith(`${place}/`))) return false;
    return objectsIn(join(root, file)).some(({ apiVersion, kind }) => apiVersion && kind);
  });
}

function find(...patterns) {
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).toSorted();
}
