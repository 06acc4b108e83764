import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ensureGoProgram, goEnv, goProgram, missingGo, STRIPPED } from '../go.mjs';
import { tryStep } from '../progress.mjs';
import { root } from '../toolchain.mjs';

/** The folder of everything that the checks build and make, which Git ignores. */
export const cache = join(root, 'node_modules/.cache/deploy');

/** The folder of go.mod, which pins Kubernetes and etcd. */
const folder = join(root, 'scripts/deploy');

/** The programs that are built one by one: package and version. */
const PINNED = {
  helm: ['helm.sh/helm/v4/cmd/helm', 'v4.3.2'],
  kubeconform: ['github.com/yannh/kubeconform/cmd/kubeconform', 'v0.8.0'],
  'kube-score': ['github.com/zegl/kube-score/cmd/kube-score', 'v1.20.0'],
};

/** The programs that `go install tool` builds of go.mod, and the names that it gives them. */
const CLUSTER = { kubectl: 'kubectl', etcd: 'server', 'kube-apiserver': 'kube-apiserver' };

/** The version of Kubernetes in go.mod. */
export const [, kubernetes] = /k8s\.io\/kubernetes (v[\d.]+)/.exec(
  readFileSync(join(folder, 'go.mod'), 'utf8'),
);

/** Where the programs of go.mod are built. */
const bin = join(cache, `kubernetes-${kubernetes}`);

/** The program `name`, on the PATH or built before; undefined if there is neither. */
export function presentTool(name) {
  const onPath = process.env.PATH.split(delimiter).map((place) => join(place, name));
  return [...onPath, builtProgram(name)].find((path) => existsSync(path));
}

/**
 * The programs `names`, built if they are neither on the PATH nor built before. Resolves to their paths by name as
 * `tools`, or to the `reason` why one cannot be had.
 */
export async function ensureTools(names) {
  const tools = {};
  for (const name of names) {
    const present = presentTool(name);
    const { program = present, reason } = present === undefined ? await build(name) : {};
    if (program === undefined)
      return { reason: `${name} is not on the PATH, and cannot be built: ${reason}` };
    tools[name] = program;
  }
  return { tools };
}

function builtProgram(name) {
  return name in PINNED ? goProgram(name, PINNED[name][1]) : join(bin, CLUSTER[name]);
}

async function build(name) {
  if (name in PINNED) return ensureGoProgram(name, ...PINNED[name]);
  const missing = missingGo();
  if (missing !== undefined) return { reason: missing };
  const flags = `${STRIPPED} -X k8s.io/component-base/version.gitVersion=${kubernetes}`;
  const { succeeded, output } = await tryStep(
    `building kube-apiserver ${kubernetes}, kubectl and etcd, which takes minutes the first time`,
    'go',
    ['install', '-trimpath', `-ldflags=${flags}`, 'tool'],
    { cwd: folder, env: { ...goEnv, GOBIN: bin } },
  );
  return succeeded ? { program: builtProgram(name) } : { reason: output.trim().split('\n').at(-1) };
}
