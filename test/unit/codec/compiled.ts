import { globSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { transformSync } from '@swc/core';

const ROOT = resolve(__dirname, '../../..');

/** Threads run JavaScript from files, which the tests otherwise never have. */
const SOURCES = ['src/**/*.ts'];

/** Compiles the gateway, or the files that `sources` match, into a new temporary folder, and gives that folder. */
export function compileCodec(sources: readonly string[] = SOURCES): string {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-codec-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const source of globSync(sources, { cwd: ROOT })) {
    const target = join(folder, source.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compile(readFileSync(join(ROOT, source), 'utf8')));
  }
  return folder;
}

function compile(source: string): string {
  return transformSync(source, {
    swcrc: false,
    jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'commonjs' },
  }).code;
}
