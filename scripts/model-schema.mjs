import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from './toolchain.mjs';

// `yarn model-schema`: writes src/repository/model.schema.json anew, from the rows in src/repository/settings.ts.
const { MODEL_SCHEMA } = createRequire(import.meta.url)(join(root, 'dist/repository/settings.js'));
const file = join(root, 'src/repository/model.schema.json');
// What has a description has lines of its own; prettier keeps what fits in a line together.
const text = JSON.stringify(MODEL_SCHEMA).replaceAll(/\{(?="(\$schema|description)":)/g, '{\n');
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'json' }));
