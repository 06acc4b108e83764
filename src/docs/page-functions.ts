/*
 * These functions run in the browser. The pages contain their source text, so they must not use anything from outside
 * except each other.
 */

interface Example {
  description?: string;
  externalValue?: string;
  value?: unknown;
}

interface Shown {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ShownOperation>>>>;
}

interface ShownOperation {
  readonly requestBody?: {
    readonly content?: Readonly<Record<string, { readonly examples?: Readonly<Record<string, Example>> }>>;
  };
}

/** Replaces each fetched example of the document `text` by a short body, because neither page can show 150,000 numbers. */
export function nameFetchedExamples(text: string): string {
  // The pages generate nested arrays with this many items.
  const reviver = (key: string, value: unknown) =>
    key === 'minItems' && Number(value) > 16 ? undefined : value;
  const document = JSON.parse(text, reviver) as Shown;
  for (const path of Object.values(document.paths)) {
    for (const { requestBody } of Object.values(path)) {
      for (const example of Object.values(requestBody?.content?.['application/json']?.examples ?? {})) {
        if (example.externalValue === undefined) continue;
        example.description =
          'The example is too long to show. Execute at /docs fetches it from this address and sends it.';
        example.value = { 'fetched from': example.externalValue };
        delete example.externalValue;
      }
    }
  }
  return JSON.stringify(document);
}

/**
 * Passes the document through {@link nameFetchedExamples}. Turns responses that are too long into downloads, because
 * Swagger UI creates several elements for each number.
 */
export function responseInterceptor(response: {
  readonly url: string;
  readonly ok: boolean;
  readonly headers: Record<string, string>;
  text: string;
}): object {
  if (response.ok && new URL(response.url).pathname === '/openapi.json')
    response.text = nameFetchedExamples(response.text);
  else if (response.text.length > 50_000) {
    const extension = response.headers['content-type']?.includes('json') ? 'json' : 'txt';
    response.headers['content-disposition'] = `attachment; filename="too-long-to-show.${extension}"`;
  }
  return response;
}

/** Replaces a body from {@link nameFetchedExamples} by the example, as a file so that the command on the page shows its name. */
export async function requestInterceptor(request: { body?: unknown }): Promise<object> {
  const match =
    typeof request.body === 'string'
      ? /^\s*\{\s*"fetched from":\s*"(\/docs\/examples\/[^"]*\/([^"]*))"\s*\}\s*$/.exec(request.body)
      : null;
  if (match !== null) request.body = new File([await (await fetch(match[1]!)).blob()], match[2]!);
  return request;
}
