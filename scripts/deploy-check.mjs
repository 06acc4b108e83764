import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  admissionChecks,
  lintChecks,
  refusedFields,
  refusedValues,
  schemaCheck,
  scoreChecks,
} from './deploy/checks.mjs';
import { render } from './deploy/manifests.mjs';
import { ensureProject, ensureVersion, KUBERNETES, presentVersions, PROJECTS } from './deploy/schemas.mjs';
import { ensureTools, presentTool } from './deploy/tools.mjs';

// `yarn deploy:check`: checks the Helm chart and all other manifests in deploy/ with helm, kubeconform, kube-score and a
// Kubernetes API server. `--quick` checks what takes seconds, with what is there, and builds and downloads nothing;
// `--missing` prints what `--quick` lacks. Exits with 1 if a check fails.
const QUICK = ['helm', 'kubeconform', 'kubectl'];
const terminal = process.stderr.isTTY;
const counts = { passed: 0, failed: 0 };

const mode = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'nexus-deploy-check-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

if (mode === '--missing') process.stdout.write(missing().join(', '));
else {
  if (mode === '--quick') await checkQuickly();
  else await checkAll();
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

function missing() {
  const tools = QUICK.filter((name) => presentTool(name) === undefined);
  return presentVersions().length > 0 ? tools : [...tools, 'schemas'];
}

async function checkQuickly() {
  const tools = Object.fromEntries(QUICK.map((name) => [name, presentTool(name)]));
  const version = presentVersions().at(-1);
  await runAll([...lintChecks(tools), refusedValues(tools, folder)]);
  await runAll([schemaCheck(tools, version, await render(tools, version, join(folder, version)))]);
}

async function checkAll() {
  const { tools, reason } = await ensureTools([...QUICK, 'kube-score']);
  if (tools === undefined) return fail('tools', reason);
  for (const version of KUBERNETES) {
    const { reason: fault } = await ensureVersion(version);
    if (fault !== undefined) return fail(`schemas of Kubernetes ${version}`, fault);
  }
  for (const name of Object.keys(PROJECTS)) {
    const { reason: fault } = await ensureProject(name);
    if (fault !== undefined)
      print(`the kinds of ${name} are left out: its CRDs cannot be downloaded: ${fault}`);
  }

  await runAll([...lintChecks(tools), refusedValues(tools, folder)]);
  await runAll([refusedFields(tools, KUBERNETES.at(-1), folder)]);
  let rendered;
  for (const version of KUBERNETES) {
    rendered = await render(tools, version, join(folder, version));
    await runAll([schemaCheck(tools, version, rendered)]);
  }
  await runAll(scoreChecks(tools, rendered, folder));
  await checkAdmission(tools, rendered);
}

async function checkAdmission({ kubectl }, rendered) {
  const { tools, reason } = await ensureTools(['etcd', 'kube-apiserver']);
  if (tools === undefined) return fail('kube-apiserver', reason);
  const { server, start, checks } = admissionChecks({ kubectl, ...tools }, rendered, folder);
  try {
    if (await runAll([start])) await runAll(checks);
  } finally {
    await server.stop();
  }
}

/** Runs checks one by one and prints a line for each. Resolves to whether all passed. */
async function runAll(checks) {
  const before = counts.failed;
  for (const { label, check } of checks) {
    const started = Date.now();
    if (terminal) process.stderr.write(`${label} ...`);
    try {
      const detail = await check();
      counts.passed++;
      const summary = detail?.trim().startsWith('Summary: ')
        ? `, ${detail.trim().slice('Summary: '.length)}`
        : '';
      print(`${label}: ok, ${((Date.now() - started) / 1000).toFixed(1)} s${summary}`);
    } catch (error) {
      fail(label, [error.stdout, error.stderr].filter(Boolean).join('\n').trim() || error.message);
    }
  }
  return counts.failed === before;
}

function fail(label, fault) {
  counts.failed++;
  print(`${label}: failed\n${fault.replaceAll(/^/gm, '  ')}`);
}

function print(line) {
  if (terminal) process.stderr.write('\r\x1b[K');
  process.stdout.write(`deploy: ${line}\n`);
}
