/*
 * These functions run in the browser: pages have them as their text, so they may use nothing from outside of them but
 * each other.
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

/** The document `text` with a short body in place of each example that is fetched: neither page can show 150,000 numbers. */
export function nameFetchedExamples(text: string): string {
  // The pages make up arrays of at least so many items, nested.
  const reviver = (key: string, value: unknown) =>
    key === 'minItems' && Number(value) > 16 ? undefined : value;
  const document = JSON.parse(text, reviver) as Shown;
  for (const path of Object.values(document.paths)) {
    for (const { requestBody } of Object.values(path)) {
      for (const example of Object.values(requestBody?.content?.['application/json']?.examples ?? {})) {
        if (example.externalValue === undefined) continue;
        example.description =
          'Execute at /docs sends what is at this address, which is too long to be shown.';
        example.value = { 'fetched from': example.externalValue };
        delete example.externalValue;
      }
    }
  }
  return JSON.stringify(document);
}

/**
 * Gives Swagger UI the document as {@link nameFetchedExamples} makes it. An answer that it cannot show, since it makes several
 * elements of each number, becomes a file to download.
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

/** Sends what a body of {@link nameFetchedExamples} stands for. As a file, it has its name in the command that the page shows. */
export async function requestInterceptor(request: { body?: unknown }): Promise<object> {
  const found =
    typeof request.body === 'string'
      ? /^\s*\{\s*"fetched from":\s*"(\/docs\/examples\/[^"]*\/([^"]*))"\s*\}\s*$/.exec(request.body)
      : null;
  if (found !== null) request.body = new File([await (await fetch(found[1]!)).blob()], found[2]!);
  return request;
}
