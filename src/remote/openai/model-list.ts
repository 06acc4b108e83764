import { TargetFailure } from '../target-failure';

/** Longer lists are not decoded, which would block the event loop. */
const MAX_DECODED = 256 * 1024;

/** Maximum number of names in a message, and of characters of one. */
const MAX_NAMES = 10;
const MAX_NAME = 60;

/**
 * Requires that a list of models (`GET /models` of the OpenAI API) contains `model`. A response that is no list passes.
 * @throws TargetFailure misconfigured, with the names that it contains.
 */
export function requireModel(model: string, list: Buffer): void {
  if (list.includes(JSON.stringify(model)) || list.length > MAX_DECODED) return;
  const names = namesIn(list);
  // Ollama serves `llama3:latest` as `llama3` too.
  if (names === undefined || names.includes(model) || names.includes(`${model}:latest`)) return;
  throw new TargetFailure(
    'misconfigured',
    `the target does not have the model '${model}'; it has ${shown(names)}; correct model in the settings of the target`,
  );
}

function namesIn(list: Buffer): readonly string[] | undefined {
  try {
    const { data } = JSON.parse(list.toString('utf8')) as { data?: unknown };
    if (!Array.isArray(data)) return undefined;
    return data.map((item) => String((item as { id?: unknown } | null)?.id));
  } catch {
    return undefined;
  }
}

function shown(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const first = names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME).replaceAll(/\p{Cc}+/gu, ' '));
  const more = names.length - first.length;
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
