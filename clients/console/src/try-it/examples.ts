import type { Api } from '../data/api.ts';
import type { Inputs } from './editors.ts';

interface Example {
  readonly value?: { readonly inputs?: Inputs };
}

interface Document {
  readonly paths?: Readonly<
    Record<
      string,
      { post?: { requestBody?: { content?: Record<string, { examples?: Record<string, Example> }> } } }
    >
  >;
}

/** The document of a gateway with more models is too large to read for one example. */
const MAX_MODELS = 200;

/** The example of a model in the OpenAPI document of the gateway; undefined if there is none. */
export async function exampleOf(api: Api, model: string, models: number): Promise<Inputs | undefined> {
  if (models > MAX_MODELS) return undefined;
  try {
    const { paths } = await api.get<Document>('openapi.json');
    const operation = paths?.[`/v1/models/${encodeURIComponent(model)}/predict`]?.post;
    const examples = operation?.requestBody?.content?.['application/json']?.examples ?? {};
    return (examples['item'] ?? Object.values(examples)[0])?.value?.inputs;
  } catch {
    // The documentation is off, or needs another scope: the inputs are then made from the signature.
    return undefined;
  }
}
