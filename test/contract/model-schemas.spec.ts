import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { affine, dot, identities, identity, normaliser, powers } from '../fixtures/models';
import { model, node, value } from '../fixtures/onnx';
import { Gateway, Repository } from '../e2e/support/gateway';
import { bodiesOf, textOf } from './bodies';
import { LiveDocument } from './live-document';
import { mutationsOf, type Place } from './mutations';
import { tearDown } from '../e2e/support/tear-down';

/** `sum = a + b`, of rows of a fixed and of any width. */
const sum = model({
  input: [value('a', 'FLOAT', ['batch', 2]), value('b', 'FLOAT', ['batch', 'width'])],
  output: [value('sum', 'FLOAT', ['batch', 2]), value('same', 'FLOAT', ['batch', 'width'])],
  node: [node('Add', ['a', 'a'], ['sum']), node('Identity', ['b'], ['same'])],
});

/** A table of two columns, beside an input that is none. */
const table = model({
  input: [
    value('age', 'FLOAT', ['batch', 1]),
    value('city', 'STRING', ['batch', 1]),
    value('image', 'FLOAT', ['batch', 2]),
  ],
  output: [
    value('years', 'FLOAT', ['batch', 1]),
    value('place', 'STRING', ['batch', 1]),
    value('same', 'FLOAT', ['batch', 2]),
  ],
  node: [
    node('Identity', ['age'], ['years']),
    node('Identity', ['city'], ['place']),
    node('Identity', ['image'], ['same']),
  ],
});

const MODELS: Readonly<Record<string, readonly [onnx: Uint8Array, yaml?: string]>> = {
  'every datatype': [identities()],
  'a scalar': [identity('x', 'y', [])],
  'a vector': [identity('x', 'y', [3])],
  'a column': [identity('x', 'y', ['batch', 1])],
  'a fixed column': [identity('x', 'y', [3, 1])],
  'a table': [table],
  'an item that is a scalar': [identity('x', 'y', ['batch'])],
  'rows of any shape': [identity('x', 'y', ['batch', 'n', 'm'])],
  'fixed and variable': [identity('x', 'y', ['n', 2, 'm'])],
  'two inputs': [sum],
  'two outputs': [powers()],
  'two vectors': [dot()],
  'no batches': [normaliser()],
  labels: [affine(), 'labels: { y: [cat, dog] }'],
  'Ünü#s%{u}al': [identity('in "put"', 'out.put[0]', ['batch', 2])],
};

let gateway: Gateway;
let document: LiveDocument;
const repository = new Repository();

beforeAll(async () => {
  for (const [name, [onnx, yaml]] of Object.entries(MODELS)) repository.model(name, onnx, yaml);
  gateway = await Gateway.start(repository, { NEXUS_RATE_LIMIT: '0' });
  document = await LiveDocument.of(gateway);
});

afterAll(() => tearDown(gateway, repository));

/** Sends `body`, which must be answered as documented. */
async function answerTo(path: string, body: unknown): Promise<{ status: number; body: any }> {
  const answer = await gateway.send(path, { method: 'POST', body: textOf(body) });
  const schema = document.response(path, answer.status);
  expect([answer.status, schema]).toEqual([answer.status, expect.anything()]);
  expect(document.mismatch(schema!, answer.json())).toBe('');
  return { status: answer.status, body: answer.json() };
}

const pathOf = (place: Place) =>
  place
    .map((key) =>
      typeof key === 'number'
        ? `[${key}]`
        : /^[A-Za-z_]\w*$/.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`,
    )
    .join('')
    .replace(/^\./, '');

it('the document of all of them is OpenAPI', async () => {
  const text = await (await gateway.fetch('/openapi.json')).text();
  expect(await new Validator().validate(JSON.parse(text))).toEqual({ valid: true });
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, $ref]) => $ref!);
  for (const $ref of new Set(references)) expect(document.follow({ $ref })).toBeDefined();
});

/** A request of the protocol V2 with flat data, which is all that its schema shows; nested data is taken, too. */
function flat(body: any): unknown {
  if (!Array.isArray(body?.inputs)) return body;
  const inputs = body.inputs.map((input: any) =>
    Array.isArray(input?.data) ? { ...input, data: input.data.flat(Infinity) } : input,
  );
  return { ...body, inputs };
}

/** `body` without a deadline, which may pass. */
function withoutDeadline(body: any): any {
  const { parameters, ...rest } = body;
  if (typeof parameters?.timeout !== 'number') return body;
  return { ...rest, parameters: { ...parameters, timeout: 0 } };
}

describe.each(Object.keys(MODELS))('%s', (name) => {
  const encoded = encodeURIComponent(name);

  describe.each([`/v1/models/${encoded}/predict`, `/v2/models/${encoded}/infer`])('%s', (path) => {
    it('answers every body that is documented', async () => {
      const bodies = bodiesOf(document.request(path), document).map(withoutDeadline);
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          expect(document.mismatch(document.request(path), JSON.parse(textOf(body)))).toBe('');
          expect(await answerTo(path, body)).toMatchObject({ status: 200 });
        }),
        { numRuns: 30 },
      );
    });

    it('refuses every body that is not', async () => {
      const mutations = bodiesOf(document.request(path), document).chain(mutationsOf);
      await fc.assert(
        fc.asyncProperty(mutations, async ({ body, place, isCertain }) => {
          fc.pre(document.mismatch(document.request(path), flat(JSON.parse(textOf(body)))) !== '');
          const answer = await answerTo(path, body);
          expect(answer.status).toBe(400);
          if (isCertain && path.startsWith('/v1')) expect(answer.body.error.param).toBe(pathOf(place));
        }),
        { numRuns: 30 },
      );
    });
  });
});
