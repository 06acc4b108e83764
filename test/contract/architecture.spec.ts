import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Who may import whom, beside itself. A folder that is not named here does not exist. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  inference: ['models', 'runtime', 'common', 'config', 'observability'],
  health: ['models', 'common', 'config', 'observability'],
  docs: ['models', 'runtime', 'common', 'config', 'observability'],
  'rate-limit': ['common', 'config', 'observability'],
  models: ['scheduling', 'runtime', 'common', 'config', 'observability'],
  scheduling: ['runtime', 'common'],
  runtime: ['common'],
  observability: ['common', 'config'],
  config: ['common'],
  common: [],
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => {
    const text = readFileSync(join('src', name), 'utf8');
    const imports = [...text.matchAll(/(?:from|import|require\() ?'([^']+)'/g)].map(([, target]) => target!);
    return { name, text, imports, room: name.includes('/') ? name.split('/')[0]! : undefined };
  });

/** The folder of `src` that a relative import of `name` leads to. */
function roomOf(name: string, target: string): string {
  return relative('src', resolve('src', dirname(name), target)).split('/')[0]!;
}

it('every folder is in the table', () => {
  const rooms = new Set(files.flatMap(({ room }) => room ?? []));
  expect([...rooms].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
});

it('arrows only go down', () => {
  const wrong = files.flatMap(({ name, imports, room }) =>
    imports
      .filter((target) => room !== undefined && target.startsWith('.'))
      .filter((target) => ![room!, ...MAY_IMPORT[room!]!].includes(roomOf(name, target)))
      .map((target) => `${name} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

it('of runtime, inference takes tensors only', () => {
  const taken = files
    .filter(({ room }) => room === 'inference')
    .flatMap(({ imports }) => imports.filter((target) => target.includes('/runtime/')));
  expect(new Set(taken.map((target) => target.split('/').at(-1)))).toEqual(new Set(['tensor']));
});

it.each([
  ['only runners import onnxruntime-node', /from 'onnxruntime-node'/, /^runtime\/runner\//],
  ['only config reads the environment', /process\.env/, /^config\//],
  ['runtime and scheduling know no Nest', /from '@nestjs/, /^(?!runtime\/|scheduling\/)/],
])('%s', (_rule, pattern, allowed) => {
  const found = files.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
  expect(found.filter((name) => !allowed.test(name))).toEqual([]);
});

it('there are no barrels and no long files', () => {
  expect(files.filter(({ name }) => name.endsWith('index.ts'))).toEqual([]);
  expect(files.filter(({ text }) => text.split('\n').length > 301).map(({ name }) => name)).toEqual([]);
});
