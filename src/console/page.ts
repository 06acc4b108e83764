import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

/** Where the build writes the files of the page. */
const FOLDER = join(__dirname, 'page');

const START = 'index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

/** The files of the console, which are read once. */
@Injectable()
export class Page implements OnModuleInit {
  private readonly files = new Map<string, PageFile>();

  async onModuleInit(): Promise<void> {
    const entries = await readdir(FOLDER, { withFileTypes: true }).catch(() => []);
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    if (names.length === 0)
      new Logger('Console').warn(`the console is not available: ${FOLDER} is missing; run yarn build`);
    await Promise.all(names.map(async (name) => this.files.set(name, await fileAt(join(FOLDER, name)))));
  }

  /** The page itself; undefined if it was not built. */
  get start(): PageFile | undefined {
    return this.files.get(START);
  }

  /** The file `name` that the page loads; undefined if there is none. */
  file(name: string): PageFile | undefined {
    return name === START ? undefined : this.files.get(name);
  }
}

async function fileAt(path: string): Promise<PageFile> {
  const bytes = await readFile(path);
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  return { type, bytes, gzipped: await promisify(gzip)(bytes) };
}
