import { errors } from '../../common/errors';

/** The body of a request of the OpenAI API, as far as the gateway reads it. */
export interface ApiBody {
  /** Name of the model; undefined if the body names none. */
  readonly model: string | undefined;
  readonly byteLength: number;
  /** Characters of the prompt: the strings in `messages`, `input` and `prompt`, without files. */
  readonly promptCharacters: number;
  /** Tokens that the response may have: the maximum of each choice times the number of choices; 0 if no maximum is set. */
  readonly maxTokens: number;
  /** The beginning of the first message, or of the prompt; undefined without one. */
  readonly opening: Uint8Array | undefined;
  /** The bytes of the body with `model` as the name of the model. All other bytes are those of the client. */
  bodyFor(model: string): readonly Uint8Array[];
}

/** Longest name of a model in characters, which `name:version` includes. */
const MAX_NAME = 256;

/** `name` if it can be the name of a model. @throws NexusError invalid_input */
export function modelNameOf(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= MAX_NAME) return name;
  const got = typeof name === 'string' ? `${name.length} characters` : shown(name);
  throw errors.invalidInput(
    `model: expected the name of a model as a string of 1 to ${MAX_NAME} characters, got ${got}`,
    'model',
  );
}

function shown(value: unknown): string {
  return value === null || typeof value === 'boolean' ? String(value) : `a value of type ${typeof value}`;
}
