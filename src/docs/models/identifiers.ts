import { createHash } from 'node:crypto';

/**
 * Maps each of `names` to an identifier in PascalCase of letters and digits. Identifiers are unique regardless of case.
 * If several names result in the same identifier, the first name in alphabetical order gets it.
 */
export function identifiersOf(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const identifiers = new Map<string, string>();
  // A name that is already an identifier takes precedence.
  const sorted = names.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  for (const name of sorted) {
    const plain = pascalCase(name);
    let identifier = plain;
    for (let digits = 6; identifier === '' || taken.has(identifier.toLowerCase()); digits++)
      identifier = `${plain || 'Model'}${digest(name, digits)}`;
    taken.add(identifier.toLowerCase());
    identifiers.set(name, identifier);
  }
  return identifiers;
}

/** `identifier` with a lower-case first letter. */
export function camelCase(identifier: string): string {
  return identifier.slice(0, 1).toLowerCase() + identifier.slice(1);
}

function rank(name: string): number {
  return /^[A-Za-z][A-Za-z\d]*$/.test(name) ? 0 : 1;
}

function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z\d]+/).filter((word) => word !== '');
  const joined = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
  return /^\d/.test(joined) ? `Model${joined}` : joined;
}

function digest(name: string, digits: number): string {
  return createHash('sha256').update(name).digest('hex').slice(0, digits).toUpperCase();
}
