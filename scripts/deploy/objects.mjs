import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** The objects in a file of YAML. */
export function objectsIn(file) {
  return parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}
