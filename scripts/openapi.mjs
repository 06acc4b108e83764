import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { prepare } from './prepare.mjs';
import { env, node, root } from './toolchain.mjs';

// `yarn openapi`: regenerates openapi.json from the built gateway with the sample models, without what `yarn samples` installs.
await prepare();
const samples = readdirSync(join(root, 'models'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'all-minilm-l6-v2')
  .map(({ name }) => name);
const settings = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: samples.join() };
const gateway = spawn(node, ['dist/main.js'], {
  cwd: root,
  env: { ...env, ...settings, NEXUS_PORT: '0', NEXUS_GRPC_PORT: '0', NEXUS_DRAIN_DELAY_MS: '0' },
  stdio: ['ignore', 'ignore', 'pipe'],
});
const [line] = await once(createInterface(gateway.stderr), 'line');
const url = /http:\S+\d/.exec(line)[0];
while (!(await fetch(`${url}/health/startup`)).ok) await delay(100);
const served = await (await fetch(`${url}/openapi.json`)).text();
const document = JSON.parse(served.replaceAll(url, 'http://localhost:8000'));
// Removes the example responses, because the last digits of outputs differ between machines. The served document has them.
for (const { post } of Object.values(document.paths))
  if (post?.tags[0].startsWith('Model ')) delete post.responses['200'].content['application/json'].example;
// Puts the numbers of a row on one line, because an image would take a thousand lines.
const text = JSON.stringify(document, null, 2).replaceAll(/\[[-\d.e+,\s]+\]/g, (row) =>
  row.replaceAll(/\s+/g, ' '),
);
writeFileSync(join(root, 'openapi.json'), `${text}\n`);
gateway.kill('SIGINT');
