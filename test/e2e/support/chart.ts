import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';

/** The folders of the Helm chart and of the Kustomize bases. */
export const CHART = 'deploy/helm/nexus';
export const KUSTOMIZE = 'deploy/kustomize';

/** An object of Kubernetes. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}

/** Whether there is a Helm, and a kubectl that builds Kustomize bases. */
export const HAS_HELM = spawnSync('helm', ['version']).status === 0;
export const HAS_KUBECTL = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!HAS_HELM) process.stderr.write('helm is not installed: what the chart renders is not checked\n');
if (!HAS_KUBECTL)
  process.stderr.write('kubectl is not installed: the chart and the Kustomize bases are not compared\n');

/** Renders the chart as the release `nexus`, with more arguments of `helm template`. */
export function helmTemplate(...args: readonly string[]): { ok: boolean; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    'helm',
    ['template', 'nexus', CHART, '--namespace', 'ml', '--kube-version', '1.34.0', ...args],
    { encoding: 'utf8' },
  );
  return { ok: status === 0, stdout, stderr };
}

/** All objects of a stream of YAML, read as Kubernetes does, whose numbers with a leading 0 are octal. */
export function manifestsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** The object in a file of YAML. */
export function yamlOf(path: string): any {
  return parse(readFileSync(path, 'utf8'));
}
