import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from './toolchain.mjs';

// `yarn schemas`: regenerates the JSON schemas of model.yaml and of keys files from their tables in src.
const require = createRequire(join(root, 'dist/'));
const { MODEL_SCHEMA } = require('./repository/settings.js');
const { KEYS_SCHEMA } = require('./identity/keys/keys-schema.js');

await write('src/repository/model.schema.json', MODEL_SCHEMA);
await write('src/identity/keys/keys.schema.json', KEYS_SCHEMA);

async function write(path, schema) {
  const file = join(root, path);
  // Puts objects with a description on separate lines; prettier keeps everything else that fits on one line together.
  const text = JSON.stringify(schema).replaceAll(/\{(?="(\$schema|description)":)/g, '{\n');
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'json' }));
}
