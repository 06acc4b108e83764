import { readFileSync, readdirSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020';
import { writeHubModel } from '../fixtures/hub-model';
import { Gateway, Repository } from '../e2e/support/gateway';
import { ScriptedEngine } from '../e2e/support/scripted-engine';
import { tearDown } from '../e2e/support/tear-down';

interface Content {
  readonly schema?: object;
  example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { name: string; in: string; schema: { example?: string } }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Response>>;
}

interface Response {
  readonly $ref?: string;
  readonly description: string;
  readonly content?: Readonly<Record<string, Content>>;
}

const text = readFileSync('openapi.json', 'utf8');
const document = JSON.parse(text) as {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Response> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method,
    operation,
    id: operation.operationId,
  })),
);

/** What `response` says, or what it refers to. */
function resolved(response: Response): Response {
  const name = response.$ref?.replace('#/components/responses/', '');
  return name === undefined ? response : document.components.responses[name]!;
}

const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'openapi.json', components: document.components });

/** What keeps `value` from being what `schema` of the document says; empty when nothing does. */
function mismatch(schema: object, value: unknown): string {
  const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/')) as object;
  return ajv.validate(local, value) ? '' : ajv.errorsText();
}

/** What the operations with a form take. */
function exampleForm(): FormData {
  const form = new FormData();
  form.set('model', 'assistant');
  form.set('file', new Blob(['audio']), 'audio.wav');
  return form;
}

/** Most differences that a failure shows. */
const MOST_SHOWN = 20;

/** Where `served` differs from `written`, at `path` of the document: a short line for each place. */
function differences(written: unknown, served: unknown, path: string): string[] {
  if (JSON.stringify(written) === JSON.stringify(served)) return [];
  const areObjects = [written, served].every((value) => typeof value === 'object' && value !== null);
  if (!areObjects) return [`${path}: ${brief(written)} in openapi.json, ${brief(served)} served`];
  const one = written as Record<string, unknown>;
  const other = served as Record<string, unknown>;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  const found = [...keys].flatMap((key) =>
    differences(one[key], other[key], `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return found.length > 0 ? found : [`${path}: the same keys in another order`];
}

function brief(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 80 ? `${json.slice(0, 80)}...` : json;
}

/** Has what the example of a shared memory region names. */
const memory = new Repository().add('example', new Uint8Array(64));
/** The sample models, without what `yarn samples` installs. */
const samples = readdirSync('models', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'all-minilm-l6-v2')
  .map(({ name }) => name);
/** The models that the examples of these tags name; not all are samples. */
const TASKS = {
  sentences: 'embedding',
  sparse: 'sparse_embedding',
  ranker: 'reranking',
  sentiment: 'text_classification',
} as const;
const TASK_TAGS = ['Embeddings', 'Reranking', 'Text', 'OpenAI'];
const ofTasks = new Repository();
let gateway: Gateway;
let gatewayOfTasks: Gateway;
let engine: ScriptedEngine;
beforeAll(async () => {
  for (const [name, task] of Object.entries(TASKS)) writeHubModel(ofTasks.path, name, { task });
  engine = await ScriptedEngine.start();
  ofTasks.add('assistant.yaml', `targets: [{ url: "${engine.url}", protocol: openai, model: tiny }]`);
  gatewayOfTasks = await Gateway.start(ofTasks);
  gateway = await Gateway.start('./models', {
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: samples.join(),
    NEXUS_SYSTEM_SHARED_MEMORY: memory.path,
    NEXUS_STATE_FILE: `${memory.path}/state.json`,
  });
});
afterAll(() => tearDown(gateway, gatewayOfTasks, engine, memory, ofTasks));

it('openapi.json is what the gateway serves; `npm run openapi` writes it anew', async () => {
  const body = await (await gateway.fetch('/openapi.json')).text();
  const served = JSON.parse(body.replaceAll(gateway.url, 'http://localhost:8000')) as typeof document;
  // Answers of models, which are not the same on all machines, are served only.
  for (const { post } of Object.values(served.paths)) {
    if (post?.tags[0]?.startsWith('Model '))
      delete post.responses['200']!.content!['application/json']!.example;
  }
  // A matcher would print both documents whole.
  const changes = differences(document, served, '');
  expect([
    ...changes.slice(0, MOST_SHOWN),
    ...changes.slice(MOST_SHOWN, MOST_SHOWN + 1).map(() => `${changes.length} in all`),
  ]).toEqual([]);
  expect(JSON.stringify(served) === JSON.stringify(document)).toBe(true);
});

it('is an OpenAPI 3.1 document', async () => {
  const validator = new Validator();
  expect(await validator.validate(JSON.parse(text))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it('is sent again only when it has changed', async () => {
  const first = await gateway.fetch('/openapi.json');
  expect(first.headers.get('cache-control')).toBe('no-cache');
  const etag = first.headers.get('etag')!;
  const ask = () => gateway.fetch('/openapi.json', { headers: { 'if-none-match': etag } });
  expect((await ask()).status).toBe(304);
  await gateway.fetch('/v2/repository/models/language/unload', { method: 'POST' });
  const changed = await ask();
  expect(changed.status).toBe(200);
  const { paths } = (await changed.json()) as typeof document;
  expect(Object.keys(paths)).toContain('/v1/models/digits/predict');
  expect(Object.keys(paths)).not.toContain('/v1/models/language/predict');
  await gateway.fetch('/v2/repository/models/language/load', { method: 'POST' });
  // Answers to examples come a little later than the model.
  while ((await ask()).status !== 304);
});

it('every operation has an id of its own', () => {
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
});

describe.each(operations)('$id', ({ path, method, operation }) => {
  const url = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'path')
    .reduce((filled, { name, schema }) => filled.replace(`{${name}}`, schema.example ?? 'no example'), path);
  const headers = Object.fromEntries(
    (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'header' && parameter.schema.example !== undefined)
      .map(({ name, schema }) => [name, schema.example!]),
  );
  const json = operation.requestBody?.content['application/json'];
  const bodies =
    json === undefined ? [undefined] : Object.values(json.examples ?? {}).map(({ value }) => value);

  it('declares its access, has a summary, a tag, and a body for every error', () => {
    expect(operation).toMatchObject({
      // Without a declaration it would require admin, which the document would not say.
      security: expect.arrayContaining([expect.any(Object)]),
      summary: expect.stringMatching(/^[A-Z].*[^.]$/),
      tags: [expect.any(String)],
    });
    for (const [status, response] of Object.entries(operation.responses)) {
      const { description, content } = resolved(response);
      expect(description).not.toBe('');
      if (Number(status) >= 400) expect(content?.['application/json']?.schema).toBeDefined();
    }
  });

  it.each(bodies.length === 0 ? [undefined] : bodies)('answers its example as documented', async (body) => {
    const isForm = json === undefined && operation.requestBody?.content['multipart/form-data'] !== undefined;
    const sent = isForm ? exampleForm() : JSON.stringify(body);
    const init = sent === undefined ? { headers } : { headers, body: sent };
    const asked = TASK_TAGS.includes(operation.tags[0]!) ? gatewayOfTasks : gateway;
    const response = await asked.fetch(url, { ...init, method: method.toUpperCase() });
    expect(response.status).toBe(200);
    // What was unloaded is needed again.
    if (url.endsWith('/unload')) await gateway.fetch(url.replace(/unload$/, 'load'), { method: 'POST' });
    if (operation.responses['200']?.content === undefined) {
      expect(await response.text()).toBe('');
      return;
    }
    const type = response.headers.get('content-type')!.split(';')[0]!;
    const documented = operation.responses['200']?.content?.[type]?.schema;
    expect(documented).toBeDefined();
    const answer: unknown = type === 'application/json' ? await response.json() : await response.text();
    expect(mismatch(documented!, answer)).toBe('');
  });

  it('answers an unknown model as documented', async () => {
    if (!path.includes('{model}')) return;
    const response = await gateway.fetch(url.replace('digits', 'unknown'), { method: method.toUpperCase() });
    expect(response.status).toBe(404);
    const schema = resolved(operation.responses['404']!).content!['application/json']!.schema!;
    expect(mismatch(schema, await response.json())).toBe('');
  });
});

it('the example of an answer is the answer to an example', async () => {
  const { requestBody, responses } = document.paths['/v2/models/{model}/infer']!['post']!;
  const { value } = requestBody!.content['application/json']!.examples!['label']!;
  const { body } = await gateway.infer('digits', value as object);
  expect(responses['200']!.content!['application/json']!.example).toEqual(body);
});
