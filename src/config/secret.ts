import { readFile } from 'node:fs/promises';

/** What a secret in a settings file may be: the name of an environment variable, or the path of a file. */
export const SECRET_FORM = /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/;

/** Maximum number of characters of a secret. */
const MAX_SECRET = 64 * 1024;

/**
 * The secret that `reference` names: `env:NAME`, an environment variable, or `file:/path`, a file, without white space at
 * its ends. Settings files refer to secrets, so that they can be shown and kept in a repository.
 * @throws Error whose message names the reference, never the secret.
 */
export async function readSecret(reference: string): Promise<string> {
  const secret = reference.startsWith('env:') ? ofEnvironment(reference) : await ofFile(reference);
  if (secret === '') throw new Error(`${reference} is empty`);
  if (secret.length > MAX_SECRET) throw new Error(`${reference} has more than ${MAX_SECRET} characters`);
  return secret;
}

function ofEnvironment(reference: string): string {
  const value = process.env[reference.slice('env:'.length)];
  if (value === undefined) throw new Error(`${reference} is not set in the environment of the gateway`);
  return value.trim();
}

async function ofFile(reference: string): Promise<string> {
  const path = reference.slice('file:'.length);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${reference} cannot be read: ${error.code ?? error.message}`);
  });
  return text.trim();
}
