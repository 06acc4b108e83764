import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from './toolchain.mjs';

// `yarn schemas`: regenerates the JSON schemas of model.yaml and of keys files from their tables in src, and the names of
// settings in the schema of the Helm chart's values.
const require = createRequire(join(root, 'dist/'));
const { MODEL_SCHEMA } = require('./repository/settings.js');
const { KEYS_SCHEMA } = require('./identity/keys/keys-schema.js');
const { Config } = require('./config/config.js');
const { variableOf } = require('./config/load-config.js');

await write('src/repository/model.schema.json', MODEL_SCHEMA);
await write('src/identity/keys/keys.schema.json', KEYS_SCHEMA);
await write('deploy/helm/nexus/values.schema.json', withSettings('deploy/helm/nexus/values.schema.json'));

/** The schema in the file, with every setting in `settings`. What it says about a setting stays. */
function withSettings(path) {
  const schema = JSON.parse(readFileSync(join(root, path), 'utf8'));
  const { settings } = schema.properties;
  const names = Object.keys(new Config())
    .map((field) => variableOf(field))
    .toSorted((one, other) => (one < other ? -1 : 1));
  settings.properties = Object.fromEntries(
    names.map((name) => [name, settings.properties[name] ?? { $ref: '#/definitions/setting' }]),
  );
  return schema;
}

async function write(path, schema) {
  const file = join(root, path);
  // Puts objects with a description on separate lines; prettier keeps everything else that fits on one line together.
  const text = JSON.stringify(schema).replaceAll(/\{(?="(\$schema|description)":)/g, '{\n');
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'json' }));
}
