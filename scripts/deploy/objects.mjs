import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** The objects in a file of YAML 1.1, which Kubernetes reads: there, `0444` is octal, and `yes` a boolean. */
export function objectsIn(file) {
  return parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1' })
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}
