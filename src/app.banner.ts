import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { VERSION } from './common/version';
import { GrpcServer } from './transport/grpc/grpc-server';
import { AdminPort } from './transport/http/admin-port';
import { ModelRegistry } from './models/registry/model-registry';
import type { Servable } from './models/model';
import { Mirrors } from './storage/sync/mirrors';
import { fold } from './observability/log/fold';

/** The texts for people at the start. */
export interface Banner {
  /** When the server listens: its addresses. */
  readonly listening: string;
  /** When the initial loading has finished: the addresses, and the state of each model. */
  readonly loaded: () => string;
}

/** The banner of `app`, which must listen. */
export async function bannerOf(app: NestFastifyApplication): Promise<Banner> {
  // A server that has been closed while it loads has no addresses any more.
  const url = await app.getUrl();
  const { address } = app.get(GrpcServer);
  const admin = adminUrl(app, url);
  const addresses = [
    `  Console  ${admin ?? url}`,
    `  Docs     ${url}/docs`,
    `  API      ${url}/v2`,
    `  gRPC     ${address}`,
  ];
  if (admin !== undefined) addresses.push(`  Admin    ${admin}`);
  const width = process.stderr.columns ?? Infinity;
  return {
    listening: fold(
      `Nexus ${VERSION} is listening on ${url}, gRPC on ${address}${admin === undefined ? '' : `, admin on ${admin}`}; ${loadingText(app)} ...`,
      width,
      2,
    ),
    loaded: () => ['', ...addresses, '', ...table(versionsOf(app), width), ''].join('\n'),
  };
}

function loadingText(app: NestFastifyApplication): string {
  const { length } = versionsOf(app);
  const { status } = app.get(Mirrors);
  if (length === 0 && status.length > 0)
    return `downloading models from ${status.map(({ repository }) => repository).join(' and ')}`;
  return `loading ${length} model${length === 1 ? '' : 's'}`;
}

function versionsOf(app: NestFastifyApplication): readonly Servable[] {
  return app
    .get(ModelRegistry)
    .list()
    .flatMap((model) => model.versions);
}

/** The URL of NEXUS_ADMIN_PORT, with the scheme of `url`; undefined if it is off. */
function adminUrl(app: NestFastifyApplication, url: string): string | undefined {
  const { listener } = app.get(AdminPort);
  if (listener === undefined) return undefined;
  const { address, family, port } = listener.address() as AddressInfo;
  return `${new URL(url).protocol}//${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Maximum number of versions in the banner. Those that are not READY come first if there are more. */
const MAX_ROWS = 50;

/** A row for each of `versions`, in at most `width` columns. */
function table(versions: readonly Servable[], width: number): string[] {
  if (versions.length === 0)
    return [
      '  No models found. Put one at <NEXUS_MODEL_REPOSITORY>/<name>/1/model.onnx and restart.',
      '  In explicit mode, load it with POST /v2/repository/models/<name>/load, or list it in',
      '  NEXUS_LOAD_MODELS.',
    ];
  const failed = versions.filter(({ state }) => state !== 'READY');
  const shown =
    versions.length <= MAX_ROWS
      ? versions
      : [...failed, ...versions.filter(({ state }) => state === 'READY')].slice(0, MAX_ROWS);
  const rows = shown.map(({ name, version, state, device, platform, reason }) => [
    name,
    version,
    state,
    device ?? (platform === 'remote' ? 'remote' : '-'),
    reason,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => {
    const line = `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
    return fold(line, width, 6);
  });
  const rest = versions.length - shown.length;
  return rest === 0
    ? lines
    : [...lines, `  and ${rest} more; ${versions.length - failed.length} of ${versions.length} are READY`];
}
