import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { DOCS } from '../identity/access';
import { FILE_POLICY, pageHeaders } from '../transport/http/page-headers';

/** Routes of the pages, their files and the document. */
const PAGES = /^\/(docs|redoc|openapi\.json)(\/|$)/;

/** A script within a page, rather than from a file. */
const INLINE_SCRIPT = /<script>([^]*?)<\/script>/g;

/**
 * Declares the access to the routes of the documentation that are added to `server` after this call, and adds security
 * headers to them; no other route pays for those. With `isHttps`, browsers then use only HTTPS.
 */
export function securePages(server: FastifyInstance, isHttps: boolean): void {
  const headers = pageHeaders(isHttps);
  server.addHook('onRoute', (route) => {
    if (!PAGES.test(route.url)) return;
    route.config = { ...route.config, access: DOCS };
    const { onSend = [] } = route;
    // First, because the hook of HEAD requests removes the payload.
    route.onSend = [
      (_request, reply, payload, done) => {
        const type = String(reply.getHeader('content-type'));
        const policy = type.startsWith('text/html') ? policyOf(String(payload)) : FILE_POLICY;
        reply.headers({ ...headers, 'content-security-policy': policy });
        done();
      },
      ...[onSend].flat(),
    ];
  });
}

/**
 * With this policy, `page` loads resources only from this server, and runs no other inline scripts than its own. Swagger UI
 * and ReDoc insert styles as they run, so inline styles are allowed.
 */
function policyOf(page: string): string {
  const hashes = Array.from(page.matchAll(INLINE_SCRIPT), ([, script]) => {
    return ` 'sha256-${createHash('sha256').update(script!).digest('base64')}'`;
  });
  return [
    "default-src 'none'",
    `script-src 'self'${hashes.join('')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
