import type { Servable } from '../models/model';
import { plain } from './markdown';
import { SERVER, type CodeSample } from './models/code-samples';

/** So many models are named that are not served; the repository index has them all. */
const MOST_REASONS = 20;

/** Of a reason and of a name, in characters. */
const REASON_LENGTH = 300;
const NAME_LENGTH = 100;

/** A model to begin with. */
export interface FirstModel {
  readonly name: string;
  readonly samples: readonly CodeSample[];
}

/** The first page of the documentation, in Markdown: what the gateway is, how to start, and what is not served. */
export function introduction(first: FirstModel | undefined, unavailable: readonly Servable[]): string {
  return `${begin(first)}
Every model that is ready has operations of its own, typed from the model itself: the names, datatypes and shapes that you
see are those of the model, the requests run as they stand, and the answers are what the model has answered to them.

- **Predict** (\`/v1/models/{model}/predict\`) takes and gives JSON as a person would write it.
- **Infer** (\`/v2/models/{model}/infer\`) speaks the Open Inference Protocol V2, with JSON and binary tensors, for
  clients of Triton, KServe and MLServer. The same protocol is served by gRPC, by default on port 8001.

${refused(unavailable)}Every answer has the header \`x-request-id\`, which is also in the log of the server. Errors tell what was expected, what
came and how to fix it. On 429 and 503 the header \`Retry-After\` tells when to try again. The same documentation
is at [/docs](/docs), where requests can be sent, and at [/redoc](/redoc), for reading; [/openapi.json](/openapi.json) is made
for programs, and changes with the models that are loaded.`;
}

function begin(first: FirstModel | undefined): string {
  if (first === undefined) return 'No model is ready at this moment; reload this page when one is.\n';
  const blocks = first.samples.map(({ lang, source }) => `\`\`\`${FENCE[lang]}\n${source}\`\`\`\n`);
  return `This server is at ${SERVER}. A first request, to the model ${plain(first.name, NAME_LENGTH)}:\n\n${blocks.join('\n')}`;
}

const FENCE: Readonly<Record<CodeSample['lang'], string>> = {
  Shell: 'sh',
  TypeScript: 'ts',
  Python: 'python',
};

function refused(versions: readonly Servable[]): string {
  if (versions.length === 0) return '';
  const listed = versions
    .slice(0, MOST_REASONS)
    .map(
      ({ name, version, reason }) =>
        `- **${plain(name, NAME_LENGTH)}** version ${plain(version, NAME_LENGTH)}: ${plain(reason, REASON_LENGTH)}\n`,
    );
  const more = versions.length - listed.length;
  const rest = more > 0 ? `- and ${more} more, which \`POST /v2/repository/index\` lists\n` : '';
  return `**Not served**, for a reason that the operator can remove:\n\n${listed.join('')}${rest}\n`;
}
