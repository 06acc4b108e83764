import type { Servable } from '../models/model';
import { plain } from './markdown';
import { SERVER, type CodeSample } from './models/code-samples';

/** How many unavailable versions the introduction lists. The repository index lists all of them. */
const MOST_REASONS = 20;

/** Maximum lengths of a reason and of a name, in characters. */
const REASON_LENGTH = 300;
const NAME_LENGTH = 100;

/** The model of the first example. */
export interface FirstModel {
  readonly name: string;
  readonly samples: readonly CodeSample[];
}

/** Shown where requests need credentials. */
const KEY = `Requests need an API key or a token, which the examples take from the variable \`API_KEY\`. On this page, **Authorize** sends it
with each request.

`;

/** The introduction of the documentation in Markdown: a first request, the protocols, and the models that did not load. */
export function introduction(
  first: FirstModel | undefined,
  unavailable: readonly Servable[],
  needsKey: boolean,
): string {
  return `${begin(first)}
${needsKey ? KEY : ''}Every ready model has its own typed operations, with the names, datatypes and shapes of its inputs and outputs. The example
requests run as shown. The example responses come from the model.

- **Predict** (\`/v1/models/{model}/predict\`) accepts and returns plain JSON.
- **Infer** (\`/v2/models/{model}/infer\`) implements the Open Inference Protocol V2, with JSON and binary tensors, for
  clients of Triton, KServe and MLServer. gRPC serves the same protocol, by default on port 8001.

${notServed(unavailable)}Every response has the header \`x-request-id\`, and the server log contains the same id. Error messages state what was
expected, what was received and how to fix it. Responses with status 429 or 503 contain \`Retry-After\`, the time to wait
before a retry.

Send requests from this documentation at [/docs](/docs), or read it at [/redoc](/redoc). Programs can read
[/openapi.json](/openapi.json), which changes with the loaded models.`;
}

function begin(first: FirstModel | undefined): string {
  if (first === undefined) return 'No model is ready. Reload this page when one is.\n';
  const blocks = first.samples.map(({ lang, source }) => `\`\`\`${FENCE[lang]}\n${source}\`\`\`\n`);
  return `This server is available at ${SERVER}. Send a first request to the model ${plain(first.name, NAME_LENGTH)}:\n\n${blocks.join('\n')}`;
}

const FENCE: Readonly<Record<CodeSample['lang'], string>> = {
  Shell: 'sh',
  TypeScript: 'ts',
  Python: 'python',
};

function notServed(versions: readonly Servable[]): string {
  if (versions.length === 0) return '';
  const listed = versions
    .slice(0, MOST_REASONS)
    .map(
      ({ name, version, reason }) =>
        `- **${plain(name, NAME_LENGTH)}** version ${plain(version, NAME_LENGTH)}: ${plain(reason, REASON_LENGTH)}\n`,
    );
  const more = versions.length - listed.length;
  const rest = more > 0 ? `- ${more} more; \`POST /v2/repository/index\` lists all of them\n` : '';
  return `**Not served** until the operator fixes the error:\n\n${listed.join('')}${rest}\n`;
}
