import { spawnSync } from 'node:child_process';

/* A part of `yarn deploy:check`, where its tools are on the PATH or it has built them before. */

const CHECK = 'scripts/deploy-check.mjs';
const missing = spawnSync(process.execPath, [CHECK, '--missing'], { encoding: 'utf8' }).stdout;
const checked = missing === '' ? it : it.skip;

checked(`deploy/ is valid${missing && `: left out without ${missing}; run yarn deploy:check once`}`, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CHECK, '--quick'], { encoding: 'utf8' });
  const chart = expect.stringContaining('helm lint deploy/helm/nexus/values.yaml: ok') as string;
  expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: chart });
});
