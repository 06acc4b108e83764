import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Gateway } from '../e2e/support/gateway';

/* The client generators that people use for TypeScript, on the document of the sample models. */

const COMPILER = {
  target: 'ES2023',
  lib: ['ES2023', 'DOM'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  outDir: 'dist',
};

const PROGRAMS = {
  '@hey-api/openapi-ts': {
    generate: ['@hey-api/openapi-ts/bin/run.js', '--no-log-file', '-o', 'generated', '-i'],
    program: `
      import { client } from './generated/client.gen.js';
      import { digitsPredict, languagePredict, listModels } from './generated/index.js';

      client.setConfig({ baseUrl: process.argv[2]! });
      // @ts-expect-error: the image has 8 rows of 8
      const { error } = await digitsPredict({ body: { inputs: { image: [[1]] } } });
      const { data } = await languagePredict({ body: { inputs: { text: 'Where is the station?' } } });
      const language: string | string[] | undefined = data && 'outputs' in data ? data.outputs.label : undefined;
      // @ts-expect-error: the input is called text
      void ({ body: { inputs: { texts: '' } } } satisfies Parameters<typeof languagePredict>[0]);
      const models = (await listModels()).data?.data.map(({ id }) => id);
      console.log(JSON.stringify({ language, models, refused: error?.error.code }));
    `,
  },
  'openapi-typescript': {
    generate: ['openapi-typescript/bin/cli.js', '-o', 'generated.ts'],
    program: `
      import type { paths } from './generated.js';

      type Predict<Path extends keyof paths> = paths[Path] extends { post: { requestBody: { content: { 'application/json': infer Body } } } } ? Body : never;
      type Listed = paths['/v1/models']['get']['responses'][200]['content']['application/json'];
      const post = (path: keyof paths, body: unknown) =>
        fetch(process.argv[2] + path, { method: 'POST', body: JSON.stringify(body) }).then((answer) => answer.json());

      const image: Predict<'/v1/models/digits/predict'> = { inputs: { image: [[1]] } };
      const text: Predict<'/v1/models/language/predict'> = { inputs: { text: 'Where is the station?' } };
      // @ts-expect-error: the input is called text
      void ({ inputs: { texts: '' } } satisfies Predict<'/v1/models/language/predict'>);
      const { error } = await post('/v1/models/digits/predict', image);
      const { outputs } = await post('/v1/models/language/predict', text);
      const listed: Listed = await fetch(process.argv[2] + '/v1/models').then((answer) => answer.json() as Promise<Listed>);
      console.log(JSON.stringify({ language: outputs.label, models: listed.data.map(({ id }) => id), refused: error.code }));
    `,
  },
};

let gateway: Gateway;
beforeAll(async () => {
  gateway = await Gateway.start('./models');
});
afterAll(() => gateway.stop());

it.each(Object.entries(PROGRAMS))(
  'what %s makes compiles and calls',
  async (_name, { generate, program }) => {
    const app = mkdtempSync(join(tmpdir(), 'nexus-generated-'));
    const node = (file: string, ...args: string[]) =>
      promisify(execFile)(process.execPath, [file, ...args], { cwd: app });
    symlinkSync(resolve('node_modules'), join(app, 'node_modules'));
    writeFileSync(join(app, 'package.json'), '{"type":"module"}');
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER }));
    writeFileSync(join(app, 'program.ts'), program);

    const [generator, ...args] = generate;
    await node(join('node_modules', generator!), ...args, `${gateway.url}/openapi.json`);
    await node('node_modules/typescript/bin/tsc');
    const { stdout } = await node('dist/program.js', gateway.url);
    expect(JSON.parse(stdout)).toEqual({
      language: 'en',
      models: [
        'bitmap-blocks',
        'breast-tumor',
        'digits',
        'digits-from-bitmap',
        'language',
        'sentences',
        'text-direction',
      ],
      refused: 'invalid_input',
    });
    rmSync(app, { recursive: true });
  },
);
