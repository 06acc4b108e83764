import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { Gateway, Repository } from '../e2e/support/gateway';
import { affine, dot, identities } from '../fixtures/models';

const node = (...args: string[]) => promisify(execFile)(process.execPath, args);
const ODD = `it's "odd" & 2.0`;

/** An application with the built package and the types of the sample models and of odd ones. */
let app: string;
let gateway: Gateway;
beforeAll(async () => {
  const repository = new Repository().model(ODD, identities()).model('affine', affine()).model('dot', dot());
  app = mkdtempSync(join(tmpdir(), 'nexus-app-'));
  const installed = join(app, 'node_modules/nexus-ai-client');
  await node(
    'node_modules/typescript/bin/tsc',
    '-p',
    'clients/typescript',
    '--outDir',
    join(installed, 'dist'),
  );
  cpSync('clients/typescript/package.json', join(installed, 'package.json'));
  writeFileSync(join(app, 'package.json'), '{"type":"module"}');

  const odd = await Gateway.start(repository);
  await node('scripts/sdk.mjs', '--url', `${odd.url}/`, '--out', join(app, 'odd'));
  await odd.stop();
  repository.remove();
  gateway = await Gateway.start('./models', { NEXUS_LOAD: 'on_demand' });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(app, { recursive: true });
});

it('the types of the sample models are those of openapi.json; `yarn sdk` writes them anew', async () => {
  await node('scripts/sdk.mjs', '--out', app);
  const committed = readFileSync('clients/typescript/src/models.ts', 'utf8');
  expect(readFileSync(join(app, 'models.ts'), 'utf8')).toBe(committed);
});

it('the program in the README runs', async () => {
  const readme = readFileSync('clients/typescript/README.md', 'utf8');
  const [, program] = /```ts\n(.*?)```/s.exec(readme)!;
  writeFileSync(join(app, 'readme.ts'), program!.replace('http://127.0.0.1:8000', gateway.url));
  expect(errorLines('readme.ts')).toEqual([]);
  const { stdout } = await node(join(app, 'readme.ts'));
  expect(stdout).toMatch(/^\[ 'en', 'fr' \]\n\{ label: 'en', score: 0\.\d+ \}\n$/);
});

it('`yarn sdk` tells when there is no gateway', async () => {
  const refused = node('scripts/sdk.mjs', '--url', 'http://127.0.0.1:1', '--out', app);
  await expect(refused).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^nexus: cannot read http:\/\/127\.0\.0\.1:1\/openapi\.json: .+\n$/),
  });
});

/** The lines of a file of the application, from 1, that do not compile. */
function errorLines(file: string): number[] {
  const program = ts.createProgram([join(app, file)], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    allowImportingTsExtensions: true,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file: at, start, messageText }) => {
    if (at?.fileName !== join(app, file)) throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    return at.getLineAndCharacterOfPosition(start!).line + 1;
  });
}

const PRELUDE = `
import { Nexus, tensor } from 'nexus-ai-client';
import type { Models } from 'nexus-ai-client/models';
import type { Models as Odd } from './odd/models.ts';
const nexus = new Nexus<Models>({ url: 'http://localhost' });
const odd = new Nexus<Odd>({ url: 'http://localhost' });
const any = new Nexus({ url: 'http://localhost' });
const image = [[1]];
const pixels = tensor(new Float32Array(64), [1, 8, 8]);
`;

const RIGHT = [
  "const digit: number = (await nexus.predict('digits', { inputs: { image } })).outputs.label;",
  "const digits: number[] = (await nexus.predict('digits', { inputs: { image: [image] } })).outputs.label;",
  "const labels: string[] = (await nexus.predict('language', { instances: [{ text: '' }] })).predictions.map((p) => p.label);",
  "const tag: 'benign' | 'malignant' = (await nexus.predict('breast-tumor', { inputs: { mean: [1], error: [1], worst: [1] } })).classes!.probabilities![0]!.label;",
  "const wide: bigint = (await nexus.infer('digits', { image: pixels })).outputs.label.data[0]!;",
  "const shares: Float32Array = (await nexus.infer('digits', { image: pixels }, { outputs: ['probabilities'] })).outputs.probabilities.data;",
  "for await (const { outputs } of nexus.predictMany('language', [{ text: '' }], { outputs: ['label'] })) outputs.label.toUpperCase();",
  "const product: number | 'NaN' | 'Infinity' | '-Infinity' = (await odd.predict('dot', { inputs: { a: [1], b: [1] } })).outputs.product;",
  `const texts = (await odd.infer(${JSON.stringify(ODD)}, {} as never)).outputs.out_STRING.data satisfies readonly string[];`,
  `const flag: boolean[] = (await odd.predict(${JSON.stringify(ODD)}, {} as { inputs: Odd[${JSON.stringify(ODD)}]['inputs'] })).outputs.out_BOOL;`,
  "const unknown: unknown = (await any.predict('anything', { inputs: { x: 1 } })).outputs['y'];",
  "const raw = (await any.infer('anything', { x: tensor(['a'], [1]) })).outputs['y']?.data.length;",
];

const WRONG: [what: string, line: string][] = [
  ['an unknown model', "await nexus.predict('digit', { inputs: { image } });"],
  ['an unknown input', "await nexus.predict('digits', { inputs: { image, mask: image } });"],
  ['a missing input', "await nexus.predict('breast-tumor', { inputs: { mean: [1], error: [1] } });"],
  ['wrong nesting', "await nexus.predict('digits', { inputs: { image: [1] } });"],
  ['a wrong element', "await nexus.predict('language', { inputs: { text: 7 } });"],
  [
    'one item and several',
    "await nexus.predict('breast-tumor', { inputs: { mean: [1], error: [[1]], worst: [1] } });",
  ],
  ['neither inputs nor instances', "await nexus.predict('digits', {});"],
  ['inputs and instances', "await nexus.predict('digits', { inputs: { image }, instances: [{ image }] });"],
  ['an unknown output', "await nexus.predict('digits', { inputs: { image }, outputs: ['digit'] });"],
  [
    'an output that was not asked for',
    "(await nexus.predict('digits', { inputs: { image }, outputs: ['label'] })).outputs.probabilities;",
  ],
  ['an output that there is not', "(await nexus.predict('digits', { inputs: { image } })).outputs.digit;"],
  [
    'rows where an item was asked for',
    "(await nexus.predict('digits', { inputs: { image } })).outputs.label.length;",
  ],
  [
    'an item where rows were asked for',
    "(await nexus.predict('digits', { inputs: { image: [image] } })).outputs.label.toFixed();",
  ],
  [
    'predictions where rows were asked for',
    "(await nexus.predict('digits', { inputs: { image: [image] } })).predictions;",
  ],
  ['rows for a model that does not batch', "await odd.predict('dot', { inputs: { a: [[1]], b: [[1]] } });"],
  [
    'instances for a model that does not batch',
    "await odd.predict('dot', { instances: [{ a: [1], b: [1] }] });",
  ],
  ['another datatype', "await nexus.infer('digits', { image: tensor(new Float64Array(64), [1, 8, 8]) });"],
  ['an unknown tensor', "await nexus.infer('digits', { image: pixels, mask: pixels });"],
  ['an unknown output tensor', "await nexus.infer('digits', { image: pixels }, { outputs: ['digit'] });"],
  [
    'an output tensor that was not asked for',
    "(await nexus.infer('digits', { image: pixels }, { outputs: ['label'] })).outputs.probabilities;",
  ],
  ['bytes of another datatype', "tensor(new Uint8Array(1), [1], 'FP32');"],
  ['many items of a wrong form', "nexus.predictMany('language', [{ text: [''] }]);"],
  ['an unknown option', "await nexus.predict('digits', { inputs: { image } }, { timeout: 5 });"],
];

it('what is right compiles', () => {
  writeFileSync(join(app, 'right.ts'), `${PRELUDE}${RIGHT.join('\n')}\n`);
  expect(errorLines('right.ts')).toEqual([]);
});

describe('does not compile:', () => {
  const first = PRELUDE.split('\n').length;
  let found: number[];
  beforeAll(() => {
    writeFileSync(join(app, 'wrong.ts'), PRELUDE + WRONG.map(([, line]) => `${line}\n`).join(''));
    found = errorLines('wrong.ts');
  });

  it.each(WRONG.map(([what], index) => ({ what, line: first + index })))('$what', ({ line }) => {
    expect(found).toContain(line);
  });
});
