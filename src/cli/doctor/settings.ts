import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { listenFault, requireFree } from '../../common/free-port';
import type { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { KeysFileError, parseKeys, readKeysText } from '../../identity/keys/file/keys-file';
import { requireProtection } from '../../identity/protection';
import { RedisConnection } from '../../redis/redis-connection';
import { isUrl } from '../../config/model-repository';
import { systemReason } from '../../repository/inner-file';
import { scanRepository } from '../../repository/repository';
import { contact } from '../../storage/sync/synchronise';
import { checkCertificate, readCertificateFiles } from '../../transport/tls/certificate-files';
import { ok, problem, warning, type Finding } from './finding';

const DAY_MS = 86_400_000;

/** A certificate that expires sooner is a warning. */
const SOON_MS = 14 * DAY_MS;

/** How long Redis, and the process on a port that is in use, may take to answer. */
const ANSWER_TIMEOUT_MS = 1000;

/** The findings about the ports, folders, files and servers in the settings. */
export async function settingsFindings(config: Config): Promise<readonly Finding[]> {
  return (
    await Promise.all([
      ports(config),
      ...config.modelRepository.map((entry) => repository(entry, config)),
      protection(config),
      redis(config),
      tls(config),
    ])
  ).flat();
}

async function ports(config: Config): Promise<Finding> {
  const { host, port, grpcPort, adminPort, adminHost } = config;
  const all = [
    ['NEXUS_PORT', port, { setting: 'NEXUS_HOST', host }],
    ['NEXUS_GRPC_PORT', grpcPort, { setting: 'NEXUS_HOST', host }],
    ...(adminPort === ''
      ? []
      : [
          [
            'NEXUS_ADMIN_PORT',
            Number(adminPort),
            adminHost === ''
              ? { setting: 'NEXUS_HOST', host }
              : { setting: 'NEXUS_ADMIN_HOST', host: adminHost },
          ] as const,
        ]),
  ] as const;
  for (const [setting, number, address] of all) {
    const failure = await requireFree(number, address.host).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    );
    if (failure === undefined) continue;
    const text = listenFault(failure.code, `${setting}=${number}`, address) ?? failure.message;
    const [fault = text, fix = 'choose another address or port'] = text.split(/; (.*)/s);
    if (failure.code === 'EADDRINUSE' && setting === 'NEXUS_PORT' && (await isNexus(host, number)))
      return warning('Ports', `a gateway runs on ${host}:${number}`, 'stop it before you start another');
    return problem('Ports', fault, fix);
  }
  return ok('Ports', `${all.map(([, number]) => number).join(', ')} are free on ${host}`);
}

async function isNexus(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host;
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const answer = await fetch(`http://${name}:${port}/v2`, { signal });
    return ((await answer.json()) as { readonly name?: string }).name === 'nexus';
  } catch {
    // Whatever listens there, it is no gateway that answers.
    return false;
  }
}

async function repository(entry: string, { modelCacheSize: limit, modelName }: Config): Promise<Finding> {
  const name = 'Models';
  if (isUrl(entry)) {
    const { files, bytes, fault } = await contact({ url: entry, limit });
    if (fault === undefined)
      return ok(
        name,
        `${files} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, at ${entry}; nexus check loads them`,
      );
    const [text = '', fix = 'look at the network, and at NEXUS_MODEL_REPOSITORY'] =
      fault.message.split(/; (.*)/s);
    return problem(name, text, fix);
  }
  try {
    const { models } = await scanRepository(entry, modelName);
    return models.length === 0
      ? warning(name, `${entry} has no models`, `put one at ${entry}/<name>/1/model.onnx`)
      : ok(name, `${models.length} in ${entry}; nexus check loads them`);
  } catch (error) {
    return problem(
      name,
      `${entry} cannot be read: ${systemReason(error as NodeJS.ErrnoException)}`,
      'set NEXUS_MODEL_REPOSITORY to a folder that this user can read',
    );
  }
}

async function protection(config: Config): Promise<readonly Finding[]> {
  const name = 'Access';
  try {
    requireProtection(config);
    const keys = config.keysFile === '' ? undefined : parseKeys(readKeysText(config.keysFile)).keys.length;
    return [
      ok(
        name,
        keys === undefined
          ? `settings for ${config.host} are complete`
          : `${keys} keys in ${config.keysFile}`,
      ),
    ];
  } catch (error) {
    if (error instanceof KeysFileError)
      return error.lines.map((line) =>
        problem(name, `${config.keysFile}: ${line}`, 'repair the file; docs/security.md shows its form'),
      );
    return problemsOf(name, error);
  }
}

async function redis({ redisUrl }: Config): Promise<readonly Finding[]> {
  if (redisUrl === '') return [];
  const name = 'Redis';
  const { host } = new URL(redisUrl);
  const connection = new RedisConnection(redisUrl, ANSWER_TIMEOUT_MS);
  try {
    await connection.opened;
    const answer = await connection.execute((client) => client.ping());
    return answer === undefined
      ? [problem(name, `${host} does not answer`, 'start it, or correct NEXUS_REDIS_URL')]
      : [ok(name, `${host} answers`)];
  } finally {
    connection.close();
  }
}

async function tls(config: Config): Promise<readonly Finding[]> {
  if (config.tlsCert === '') return [];
  const name = 'TLS';
  try {
    const { certificate } = checkCertificate(await readCertificateFiles(config));
    const left = Date.parse(new X509Certificate(certificate.raw).validTo) - Date.now();
    const days = Math.floor(left / DAY_MS);
    if (left < 0)
      return [problem(name, `the certificate expired ${-days} days ago`, `renew ${config.tlsCert}`)];
    const text = `the certificate expires in ${days} days`;
    return [left < SOON_MS ? warning(name, text, `renew ${config.tlsCert}`) : ok(name, text)];
  } catch (error) {
    return problemsOf(name, error);
  }
}

/** The lines of a ConfigError, each a fault and how to fix it. @throws any other error */
export function problemsOf(name: string, error: unknown): readonly Finding[] {
  if (!(error instanceof ConfigError)) throw error;
  return error.lines.map((line) => {
    const [text = line, fix = 'correct it'] = line.split(/; (.*)/s);
    return problem(name, text, fix);
  });
}
