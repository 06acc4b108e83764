import { readFileSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { ModelRegistry } from '../models/registry/model-registry';
import { LiveDocument } from './live-document';
import { nameFetchedExamples, requestInterceptor, responseInterceptor } from './page-functions';
import type { Answering } from './models/real-answers';
import { serveExamples } from './model-examples';
import { buildDocument } from './openapi';
import { serverAddress } from './server-address';

/** With this policy the page loads from this server only. */
const SAME_ORIGIN =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:";

/** Without what does not help here: the maker's bar, the choice among one server, and the column of links, of which there are none. */
const STYLE = `
  .swagger-ui .topbar, .swagger-ui .scheme-container, .swagger-ui .response-col_links { display: none }
  .swagger-ui .curl { white-space: pre-wrap !important; overflow-wrap: anywhere }
  .swagger-ui textarea.body-param__text { field-sizing: content; min-height: 120px; max-height: 400px }
  .swagger-ui .renderedMarkdown pre { background: #2b3137; border-radius: 4px; padding: 12px }
  .swagger-ui .renderedMarkdown code { color: #24436b; font-weight: 500 }
  .swagger-ui .renderedMarkdown pre code { background: none; color: #fff; white-space: pre-wrap }
`;

/** Swagger UI's page comes without one, and is drawn as wide as a desk on a phone. */
const VIEWPORT = `document.head.insertAdjacentHTML(
  'beforeend', '<meta name="viewport" content="width=device-width, initial-scale=1">')`;

/** Of Swagger UI. */
const APPEARANCE = {
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  tryItOutEnabled: true,
  requestSnippetsEnabled: true,
  defaultModelsExpandDepth: -1,
};

/**
 * Code wraps. Only samples have a dark column, as high as their operation; texts without one beside them take its room.
 */
const REDOC_STYLE = `
  body { margin: 0 }
  .redoc-wrap > .api-content + div { display: none }
  .redoc-wrap pre, .redoc-wrap code { white-space: pre-wrap !important; overflow-wrap: anywhere !important }
  .api-content div:has(> .api-info), .api-content div:only-child:has(> h1), .api-content div:only-child:has(> h2) {
    width: 100%; max-width: 1100px }
  @media (min-width: 75rem) { [id^='operation/'] > div + div { margin-block: -40px; padding-block: 40px } }
`;

const REDOC_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Nexus AI Gateway</title>
    <link rel="icon" href="data:," />
    <style>${REDOC_STYLE}</style>
  </head>
  <body>
    <div id="redoc"></div>
    <script src="/redoc/redoc.standalone.js"></script>
    <script>
      ${nameFetchedExamples.toString()}
      fetch('/openapi.json')
        .then((response) => response.text())
        .then((text) => Redoc.init(JSON.parse(nameFetchedExamples(text)), {
          downloadUrls: [{ title: 'Download', url: '/openapi.json' }],
          sanitize: true,
        }, document.getElementById('redoc')));
    </script>
  </body>
</html>
`;

/** Serves `/openapi.json`, Swagger UI at `/docs` and ReDoc at `/redoc`; nothing is loaded from elsewhere. `ask` runs a model on its example. */
export function serveDocs(app: NestFastifyApplication, ask: Answering): void {
  const server = app.getHttpAdapter().getInstance();
  const fixed = buildDocument(app);
  const registry = app.get(ModelRegistry);
  const document = new LiveDocument(fixed, registry, ask);
  SwaggerModule.setup('docs', app, fixed, {
    raw: false,
    customSiteTitle: 'Nexus AI Gateway',
    customCss: STYLE,
    customJsStr: [VIEWPORT, nameFetchedExamples.toString()],
    // The page takes the document from its URL, where it changes with the models, when it has none of its own.
    swaggerOptions: {
      spec: {},
      url: '/openapi.json',
      validatorUrl: null,
      ...APPEARANCE,
      responseInterceptor,
      requestInterceptor,
    },
  });
  server.get('/openapi.json', async (request, reply) => {
    const { body, etag } = await document.current(serverAddress(request));
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(body);
  });
  serveExamples(server, registry);
  const redoc = withoutLogo(readFileSync(require.resolve('redoc/bundles/redoc.standalone.js'), 'utf8'));
  server.get('/redoc/redoc.standalone.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').header('cache-control', 'public, max-age=3600').send(redoc),
  );
  server.get('/redoc', (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', SAME_ORIGIN).send(REDOC_PAGE),
  );
}

/** `script` without the picture of ReDoc's maker, which would come from elsewhere. */
function withoutLogo(script: string): string {
  return script.replace(/https:\/\/cdn\.redoc\.ly\/[^"]*/g, 'data:image/gif;base64,R0lGODlhAQABAAAAACw=');
}
