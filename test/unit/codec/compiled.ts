import { globSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { transformSync } from '@swc/core';

const ROOT = resolve(__dirname, '../../..');

/** What the codec consists of; threads run JavaScript from files, which the tests otherwise never have. */
const SOURCES = [
  'src/common/errors.ts',
  'src/common/json-*.ts',
  'src/common/quote.ts',
  'src/common/threads.ts',
  'src/common/typed-arrays.ts',
  'src/runtime/tensor.ts',
  'src/inference/shared-memory/memory-slice.ts',
  'src/inference/rest/codec/**/*.ts',
];

/** Compiles the codec into a new temporary folder, and gives that folder. */
export function compileCodec(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-codec-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const source of globSync(SOURCES, { cwd: ROOT })) {
    const target = join(folder, source.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compile(readFileSync(join(ROOT, source), 'utf8')));
  }
  return folder;
}

function compile(source: string): string {
  return transformSync(source, {
    swcrc: false,
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  }).code;
}
