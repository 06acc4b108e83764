import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from './toolchain.mjs';

// `yarn model-schema`: regenerates src/repository/model.schema.json from src/repository/settings.ts.
const { MODEL_SCHEMA } = createRequire(import.meta.url)(join(root, 'dist/repository/settings.js'));
const file = join(root, 'src/repository/model.schema.json');
// Puts objects with a description on separate lines; prettier keeps everything else that fits on one line together.
const text = JSON.stringify(MODEL_SCHEMA).replaceAll(/\{(?="(\$schema|description)":)/g, '{\n');
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'json' }));
