import { dirname } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { buildDocument } from './openapi';

/** ReDoc asks its maker's server for a logo; with this policy the page loads from this server only. */
const SAME_ORIGIN =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:";

const REDOC_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Nexus AI Gateway</title>
    <link rel="icon" href="data:," />
    <style>body { margin: 0 }</style>
  </head>
  <body>
    <redoc spec-url="/openapi.json"></redoc>
    <script src="/redoc/redoc.standalone.js"></script>
  </body>
</html>
`;

/** Serves `/openapi.json`, Swagger UI at `/docs` and ReDoc at `/redoc`; nothing is loaded from elsewhere. */
export function serveDocs(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  SwaggerModule.setup('docs', app, buildDocument(app), {
    jsonDocumentUrl: '/openapi.json',
    raw: ['json'],
    customSiteTitle: 'Nexus AI Gateway',
    swaggerOptions: { validatorUrl: null, displayRequestDuration: true },
  });
  app.useStaticAssets({
    root: dirname(require.resolve('redoc/bundles/redoc.standalone.js')),
    prefix: '/redoc/',
    decorateReply: false,
    allowedPath: (path) => path === '/redoc.standalone.js',
  });
  server.get('/redoc', (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', SAME_ORIGIN).send(REDOC_PAGE),
  );
}
