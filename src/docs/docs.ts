import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { Config } from '../config/config';
import { Authenticator } from '../identity/authenticator';
import { ModelRegistry } from '../models/registry/model-registry';
import { LiveDocument } from './live-document';
import { nameFetchedExamples, requestInterceptor, responseInterceptor } from './page-functions';
import type { Answering } from './models/real-answers';
import { serveExamples } from './model-examples';
import { buildDocument } from './openapi';
import { securePages } from './secure-pages';
import { serverAddress } from './server-address';

/**
 * Hides parts of Swagger UI that are useless here: the top bar, the choice of a server, and the column of links. The container
 * of the servers also has the button for credentials.
 */
const STYLE = `
  .swagger-ui .topbar, .swagger-ui .servers-title, .swagger-ui .servers, .swagger-ui .response-col_links { display: none }
  .swagger-ui .scheme-container { background: none; box-shadow: none; margin: 0; padding: 0 }
  .swagger-ui .curl { white-space: pre-wrap !important; overflow-wrap: anywhere }
  .swagger-ui textarea.body-param__text { field-sizing: content; min-height: 120px; max-height: 400px }
  .swagger-ui .renderedMarkdown pre { background: #2b3137; border-radius: 4px; padding: 12px }
  .swagger-ui .renderedMarkdown code { color: #24436b; font-weight: 500 }
  .swagger-ui .renderedMarkdown pre code { background: none; color: #fff; white-space: pre-wrap }
`;

/** The page of Swagger UI has no viewport, so phones would render it at desktop width. */
const VIEWPORT = `document.head.insertAdjacentHTML(
  'beforeend', '<meta name="viewport" content="width=device-width, initial-scale=1">')`;

/** Options of Swagger UI. */
const APPEARANCE = {
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  tryItOutEnabled: true,
  requestSnippetsEnabled: true,
  defaultModelsExpandDepth: -1,
};

/** Wraps code. Limits the dark column to the height of the samples; texts without samples use the full width. */
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

/** Serves `/openapi.json`, Swagger UI at `/docs` and ReDoc at `/redoc`, without external resources. `ask` runs a model on its example. */
export function serveDocs(app: NestFastifyApplication, ask: Answering): void {
  const server = app.getHttpAdapter().getInstance();
  securePages(server, app.get(Config).tlsCert !== '');
  const fixed = buildDocument(app);
  const registry = app.get(ModelRegistry);
  const document = new LiveDocument(fixed, registry, ask, app.get(Authenticator).isOn);
  SwaggerModule.setup('docs', app, fixed, {
    raw: false,
    customSiteTitle: 'Nexus AI Gateway',
    customCss: STYLE,
    customJsStr: [VIEWPORT, nameFetchedExamples.toString()],
    // With an empty spec, the page loads the document from the URL, where it changes with the models.
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
    const { body, etag } = await document.current(serverAddress(request), request.caller);
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(body);
  });
  serveExamples(server, registry);
  const redoc = withoutLogo(readFileSync(join(__dirname, 'redoc/redoc.standalone.js'), 'utf8'));
  server.get('/redoc/redoc.standalone.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').header('cache-control', 'public, max-age=3600').send(redoc),
  );
  server.get('/redoc', (_request, reply) => reply.type('text/html; charset=utf-8').send(REDOC_PAGE));
}

/** Removes the vendor logo from ReDoc, because it is an external resource. */
function withoutLogo(script: string): string {
  return script.replace(/https:\/\/cdn\.redoc\.ly\/[^"]*/g, 'data:image/gif;base64,R0lGODlhAQABAAAAACw=');
}
