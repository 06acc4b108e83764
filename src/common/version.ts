import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly engines: { readonly node: string };
}

const manifest = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as Manifest;

/** Version of this gateway, from package.json. */
export const VERSION = manifest.version;

/** One-sentence description of this gateway, from package.json. */
export const DESCRIPTION = manifest.description;

/** Oldest major version of Node.js that this gateway runs on, from package.json. */
export const MINIMUM_NODE = Number(/\d+/.exec(manifest.engines.node)![0]);
