import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

type Table = Readonly<Record<string, readonly string[]>>;

/** Which rooms of `src` a room may import, beside itself, `common` and `config`. A folder that is not named here does not exist. */
const ROOMS: Table = {
  cli: [
    'replicas',
    'rest',
    'storage',
    'console',
    'identity',
    'limits',
    'redis',
    'transport',
    'models',
    'repository',
    'runtime',
    'observability',
    'processes',
    'tensor',
  ],
  rest: [
    'transport',
    'identity',
    'limits',
    'redis',
    'inference',
    'usage',
    'models',
    'repository',
    'remote',
    'tasks',
    'tensor',
    'observability',
    'open-inference',
  ],
  grpc: [
    'transport',
    'identity',
    'limits',
    'rate-limit',
    'inference',
    'models',
    'repository',
    'tensor',
    'observability',
    'open-inference',
  ],
  docs: ['transport', 'identity', 'models', 'repository', 'tasks', 'tensor'],
  health: ['transport', 'identity', 'models', 'replicas', 'storage'],
  console: ['health', 'transport', 'identity', 'usage', 'models', 'remote', 'observability'],
  transport: ['rate-limit', 'identity', 'limits', 'observability', 'open-inference'],
  'rate-limit': ['identity', 'limits', 'observability'],
  identity: ['limits', 'replicas'],
  limits: ['redis'],
  usage: ['identity', 'redis', 'observability'],
  redis: [],
  replicas: ['redis', 'observability'],
  inference: [
    'identity',
    'rate-limit',
    'limits',
    'redis',
    'usage',
    'models',
    'repository',
    'remote',
    'scheduling',
    'tasks',
    'tensor',
    'observability',
    'open-inference',
  ],
  models: [
    'storage',
    'repository',
    'scheduling',
    'runtime',
    'remote',
    'tasks',
    'tensor',
    'observability',
    'replicas',
  ],
  remote: ['balancing', 'open-inference', 'tensor'],
  balancing: [],
  'open-inference': ['tensor'],
  repository: ['tensor', 'limits', 'tasks'],
  runtime: ['tensor', 'tasks'],
  scheduling: ['runtime', 'tasks', 'tensor'],
  storage: ['observability'],
  observability: [],
  tasks: ['tensor'],
  tensor: [],
  processes: [],
  config: [],
  common: [],
};

/** Rooms that any other may import. */
const EVERYWHERE = ['common', 'config'];

/** Which folders a folder may import within a room that has several; '' is the room itself, whose module imports all of them. */
const FOLDERS: Readonly<Record<string, Table>> = {
  identity: {
    '': [],
    oidc: [''],
    keys: [''],
  },
  tasks: {
    '': [],
    text: [''],
    pictures: [''],
    heads: [''],
  },
  repository: {
    '': [],
    hub: [''],
    pipeline: [''],
    triton: ['', 'pipeline'],
    description: ['', 'pipeline', 'triton', 'hub'],
    overrides: ['', 'triton', 'description', 'hub'],
  },
  storage: {
    '': [],
    stores: [''],
    copy: [''],
    sync: ['', 'stores', 'copy'],
  },
  models: {
    '': [],
    task: [''],
    version: ['', 'task'],
    pipeline: [''],
    report: [''],
    rollout: [''],
    remote: [''],
    registry: ['', 'task', 'version', 'pipeline', 'remote', 'report', 'rollout'],
  },
  remote: {
    '': [],
    fleet: [''],
    http: [''],
    v2: ['', 'http'],
    grpc: [''],
    openai: ['', 'http'],
  },
  usage: {
    '': [],
    sqlite: [''],
    redis: [''],
  },
  rest: {
    '': [],
    codec: [],
    idempotency: ['codec'],
    http: ['codec', 'idempotency'],
    v2: ['codec', 'http'],
    predict: ['codec', 'http', 'v2'],
    generate: ['codec', 'http'],
    openai: ['http'],
    tasks: ['codec', 'http', 'openai'],
    models: ['http'],
    operations: ['http'],
  },
};

/** The declarations that a file exports. */
const DECLARED =
  /^export (?:declare |abstract |async )*(?:class|interface|type|enum|namespace|function\*?|const|let) +([\w$]+)/gm;

/** An export of what another file, or another line, declares. */
const REEXPORT = /^export (?:type )?[{*]|^export default/m;

const MOST_LINES = 300;
/** The tables of all settings and all errors have a few lines for each of them. */
const LONGER: Readonly<Record<string, number>> = { 'config/config.ts': 400, 'common/errors.ts': 400 };
const DEEPEST = 4;

interface SourceFile {
  readonly name: string;
  readonly text: string;
  /** Files of `src` that it imports, types included. */
  readonly imports: readonly string[];
}

const names = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);
const known = new Set(names);

const files: readonly SourceFile[] = names.map((name) => {
  const text = readFileSync(join('src', name), 'utf8');
  const targets = [...text.matchAll(/(?:from|import|require\()\s*\(?\s*'(\.[^']+)'/g)].map(
    ([, target]) => target!,
  );
  return { name, text, imports: targets.flatMap((target) => fileAt(name, target) ?? []) };
});

/** The file that a relative import of `name` leads to; undefined for one that is not TypeScript. */
function fileAt(name: string, target: string): string | undefined {
  const path = relative('src', resolve('src', dirname(name), target)).replace(/\.js$/, '');
  return known.has(`${path}.ts`) ? `${path}.ts` : undefined;
}

/** The folder that `name` is in, `depth` folders below `src`; '' where it lies above. */
function folderOf(name: string, depth: number): string {
  return name.split('/').slice(0, -1)[depth] ?? '';
}

function isModule({ name }: SourceFile): boolean {
  return name.endsWith('.module.ts');
}

describe('rooms', () => {
  const inRooms = files.filter(({ name }) => name.includes('/'));

  it('are in the table', () => {
    const rooms = new Set(inRooms.map(({ name }) => folderOf(name, 0)));
    expect([...rooms].toSorted()).toEqual(Object.keys(ROOMS).toSorted());
  });

  it('import what the table allows', () => {
    const wrong = inRooms.flatMap(({ name, imports }) => {
      const room = folderOf(name, 0);
      const others = EVERYWHERE.includes(room) ? ['common'] : EVERYWHERE;
      const allowed = new Set([room, ...others, ...ROOMS[room]!]);
      return imports
        .filter((target) => !allowed.has(folderOf(target, 0)))
        .map((target) => `${name} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(FOLDERS))(
    '%s has the folders of its table, which import what it allows',
    (room, table) => {
      const inside = files.filter(({ name }) => folderOf(name, 0) === room);
      const folders = new Set(inside.map(({ name }) => folderOf(name, 1)));
      expect([...folders].toSorted()).toEqual(Object.keys(table).toSorted());
      const wrong = inside
        .filter((file) => !isModule(file))
        .flatMap(({ name, imports }) => {
          const folder = folderOf(name, 1);
          return imports
            .filter((target) => folderOf(target, 0) === room)
            .filter((target) => ![folder, ...table[folder]!].includes(folderOf(target, 1)))
            .map((target) => `${name} imports ${target}`);
        });
      expect(wrong).toEqual([]);
    },
  );
});

it('no files import each other in a circle', () => {
  const importsOf = new Map(files.map(({ name, imports }) => [name, imports]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) circles.push([...path.slice(path.indexOf(name)), name].join(' -> '));
    if (done.has(name)) return;
    done.add(name);
    for (const target of importsOf.get(name)!) visit(target, [...path, name]);
  };
  for (const { name } of files) visit(name, []);
  expect(circles).toEqual([]);
});

it.each([
  ['only runners import onnxruntime-node', /from 'onnxruntime-node'/, /^runtime\/runner\//],
  // Samples are code of clients.
  ['only config reads the environment', /process\.env/, /^(config\/|docs\/models\/code-samples)/],
  [
    'runtime, scheduling, tensor and common know no framework',
    /from '@nestjs/,
    /^(?!(runtime|scheduling|tensor|common)\/)/,
  ],
  [
    'rooms without a protocol import no protocol library',
    /from '(fastify|@grpc\/grpc-js)'/,
    /^(?!(models|repository|inference|scheduling|runtime|tensor|common|identity|limits|redis|replicas|usage|tasks|storage)\/)/,
  ],
])('%s', (_rule, pattern, allowed) => {
  const found = files.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
  expect(found.filter((name) => !allowed.test(name))).toEqual([]);
});

describe('names', () => {
  it('that are exported mean one thing in src', () => {
    const exported = files.flatMap(({ name, text }) =>
      [...new Set(Array.from(text.matchAll(DECLARED), ([, word]) => word!))].map((word) => ({ word, name })),
    );
    const twice = [...Map.groupBy(exported, ({ word }) => word)].filter(([, inFiles]) => inFiles.length > 1);
    expect(twice.map(([word, inFiles]) => [word, ...inFiles.map(({ name }) => name)])).toEqual([]);
  });

  it('are exported where they are declared', () => {
    expect(files.filter(({ text }) => REEXPORT.test(text)).map(({ name }) => name)).toEqual([]);
  });
});

it('there are no barrels, no long files and no deep folders', () => {
  expect(names.filter((name) => name.endsWith('index.ts'))).toEqual([]);
  expect(
    files
      .filter(({ name, text }) => text.split('\n').length > (LONGER[name] ?? MOST_LINES) + 1)
      .map(({ name }) => name),
  ).toEqual([]);
  expect(names.filter((name) => name.split('/').length - 1 > DEEPEST)).toEqual([]);
});
