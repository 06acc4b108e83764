import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import openapi, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { stop } from './progress.mjs';
import { root } from './toolchain.mjs';

// `yarn sdk`: generates the model types for the TypeScript client, from openapi.json or, with `--url`, for the ready models
// of a gateway.
const { url, file, out } = parseArgs({
  options: {
    url: { type: 'string' },
    file: { type: 'string', default: join(root, 'openapi.json') },
    out: { type: 'string', default: join(root, 'clients/typescript/src') },
  },
}).values;

const { paths, components, ...document } = JSON.parse(
  url === undefined ? readFileSync(file) : await download(url),
);
const models = Object.entries(paths).flatMap(modelAt);
const target = join(out, 'models.ts');
mkdirSync(out, { recursive: true });
writeFileSync(target, await pretty(`${table()}\n${await schemas()}`));
process.stdout.write(`${target}: ${models.map(({ name }) => name).join(', ') || 'no models'}\n`);

async function download(server) {
  const address = `${server.replace(/\/+$/, '')}/openapi.json`;
  try {
    const response = await fetch(address);
    if (response.ok) return await response.text();
    stop(`${address} returned ${response.status}; set --url to the address of a gateway.`);
  } catch (error) {
    stop(`cannot read ${address}: ${error.cause?.message ?? error.message}; start the gateway first.`);
  }
}

/** The model of the predict operation at `path`, if any: its name, and the prefix of its schemas. */
function modelAt([path, { post }]) {
  const [, encoded] = /^\/v1\/models\/([^{/]+)\/predict$/.exec(path) ?? [];
  if (encoded === undefined) return [];
  const { $ref } = post.requestBody.content['application/json'].schema;
  const identifier = $ref
    .split('/')
    .at(-1)
    .replace(/PredictRequest$/, '');
  const batches = Object.hasOwn(components.schemas, `${identifier}InputRows`);
  return [{ name: decodeURIComponent(encoded), identifier, batches }];
}

/** The interface that maps models to their types. */
function table() {
  return `export interface Models { ${models.map(entryOf).join()} }\ntype Schemas = components['schemas'];\n`;
}

function entryOf({ name, identifier, batches }) {
  const schema = (suffix) => `Schemas[${JSON.stringify(identifier + suffix)}]`;
  const classes = (suffix) => {
    const hasClasses = 'classes' in components.schemas[identifier + suffix].properties;
    return hasClasses ? `${schema(suffix)}['classes']` : 'undefined';
  };
  const { properties: request } = components.schemas[`${identifier}InferRequest`];
  const { properties: response } = components.schemas[`${identifier}InferResponse`];
  return `${JSON.stringify(name)}: {
    inputs: ${schema('Inputs')};
    outputs: ${schema('Outputs')};
    classes: ${classes(batches ? 'ItemResponse' : 'PredictResponse')};
    inputRows: ${batches ? schema('InputRows') : 'never'};
    outputRows: ${batches ? schema('OutputRows') : 'never'};
    classRows: ${batches ? classes('RowsResponse') : 'never'};
    tensors: { inputs: ${datatypesOf(request.inputs)}; outputs: ${datatypesOf(response.outputs)} };
  }`;
}

/** The datatypes of the tensors in an array with this schema, by name; of alternatives, those of the first. */
function datatypesOf(schema) {
  const { items } = schema.anyOf?.[0] ?? schema;
  const tensors = items.anyOf ?? [items];
  const datatypes = tensors.map(({ properties: { name, datatype } }) => [name.const, datatype.const]);
  return JSON.stringify(Object.fromEntries(datatypes));
}

/** The schemas that the table refers to, as TypeScript. */
async function schemas() {
  const required = models.flatMap(({ identifier, batches }) =>
    (batches
      ? ['Inputs', 'Outputs', 'InputRows', 'OutputRows', 'ItemResponse', 'RowsResponse']
      : ['Inputs', 'Outputs', 'PredictResponse']
    ).map((suffix) => identifier + suffix),
  );
  for (const { identifier } of models)
    for (const kind of ['Text', 'Picture', 'Tensor'])
      if (`${identifier}${kind}Inputs` in components.schemas) required.push(`${identifier}${kind}Inputs`);
  const used = Object.fromEntries(
    Object.entries(components.schemas).filter(
      ([name]) => required.includes(name) || name.startsWith('Element'),
    ),
  );
  const declarations = await openapi({ ...document, paths: {}, components: { schemas: used } });
  return astToString(declarations.filter(({ name }) => name.text === 'components'));
}

async function pretty(text) {
  const style = await resolveConfig(join(root, 'package.json'));
  return format(`// Written by \`yarn sdk\`.\n\n${text}`, { ...style, parser: 'typescript' });
}
