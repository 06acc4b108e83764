import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapi, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { root } from './toolchain.mjs';

// Run by `yarn openapi`: writes the types of the responses that the console reads, from openapi.json, into the sources of the
// console, or into the file that is its argument.
const READ = [
  'ConsoleSnapshot',
  'ModelDetails',
  'ModelShadow',
  'CurrentTraffic',
  'TrafficChanged',
  'ErrorAnswer',
  'RepositoryIndexEntry',
];

const target = process.argv[2] ?? join(root, 'clients/console/src/data/contract.ts');
const { paths: _, components, ...document } = JSON.parse(readFileSync(join(root, 'openapi.json')));
const used = new Set(READ);
for (const name of used)
  for (const [, next] of JSON.stringify(components.schemas[name]).matchAll(
    /"#\/components\/schemas\/([^"]+)"/g,
  ))
    used.add(next);

const schemas = Object.fromEntries([...used].map((name) => [name, components.schemas[name]]));
const declarations = await openapi({ ...document, paths: {}, components: { schemas } });
const types = astToString(declarations.filter(({ name }) => name.text === 'components'));
const style = await resolveConfig(join(root, 'package.json'));
const text = `// Written by scripts/console-types.mjs.\n\n${types}`;
writeFileSync(target, await format(text, { ...style, parser: 'typescript' }));
