import { MODELS } from './models.ts';
import { Refused, type Client } from './transports/client.ts';

/** The server cannot be tested as it is; the message says why, and what to do. */
export class NotReady extends Error {}

/**
 * Resolves when every model of the suite can be called. Without them a case that expects a refusal would pass, because
 * the model is not found.
 *
 * @throws NotReady that names the models missing, or tells that nothing answers.
 */
export async function expectModels(client: Client): Promise<void> {
  const names = Object.keys(MODELS);
  const ready = new Set<string>();
  for (const name of names) if (await isReady(client, name)) ready.add(name);
  const missing = names.filter((name) => !ready.has(name));
  if (missing.length === 0) return;
  throw new NotReady(
    `${missing.length} of the suite's ${names.length} models are missing or not ready: ${missing.join(', ')}.
Write them with \`npm run conformance -- --write-models <folder>\`, let the server load that folder, and try again.`,
  );
}

function isReady(client: Client, name: string): Promise<boolean> {
  return client.modelReady(name).catch((error: unknown) => {
    if (error instanceof Refused) return false;
    throw new NotReady(`The server does not answer: ${(error as Error).message}`);
  });
}
