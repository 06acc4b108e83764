import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly version: string;
  readonly description: string;
}

const manifest = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as Manifest;

/** Version of this gateway, from package.json. */
export const VERSION = manifest.version;

/** One-sentence description of this gateway, from package.json. */
export const DESCRIPTION = manifest.description;
