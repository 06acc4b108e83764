import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import {
  certificateOfKey,
  certificatesIn,
  pemFault,
  readPemFile,
  textOfPem,
  type PemFile,
} from '../common/pem-file';
import type { TargetTls } from './target';

/** The settings of {@link TargetTls}: `ca`, `certificate` and `key` are paths of PEM files. */
export interface TargetTlsSettings {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly server_name?: string;
}

/**
 * Reads and checks the files that `settings` name. An expired certificate passes.
 * @param folder that relative paths start at.
 * @param model names the model in errors.
 * @throws Error with one line: the setting and its file, what is wrong, and how to fix it.
 */
export async function readTargetTls(
  settings: TargetTlsSettings,
  folder: string,
  model: string,
): Promise<TargetTls> {
  const read = (name: 'ca' | 'certificate' | 'key'): Promise<PemFile> | undefined => {
    const path = settings[name];
    return path === undefined
      ? undefined
      : readPemFile(`model '${model}': tls.${name}=${path}`, resolve(folder, path));
  };
  const [ca, certificate, key] = await Promise.all([read('ca'), read('certificate'), read('key')]);
  if (ca !== undefined) certificatesIn(ca);
  if (certificate !== undefined && key !== undefined) certificateOfKey(certificate, key);
  else requireBoth(certificate, key);
  const { server_name: serverName } = settings;
  const tls: TargetTls = {
    ...(ca && { ca: textOfPem(ca) }),
    ...(certificate && { certificate: textOfPem(certificate) }),
    ...(key && { key: textOfPem(key) }),
    ...(serverName !== undefined && { serverName }),
  };
  requireAccepted(tls, certificate ?? ca);
  return tls;
}

function requireBoth(certificate: PemFile | undefined, key: PemFile | undefined): void {
  if (certificate !== undefined) throw pemFault(certificate, 'expected tls.key as well, which belongs to it');
  if (key !== undefined) throw pemFault(key, 'expected tls.certificate as well, which it belongs to');
}

/** @param file that is most likely to blame. */
function requireAccepted({ ca, certificate: cert, key }: TargetTls, file: PemFile | undefined): void {
  if (file === undefined) return;
  try {
    createSecureContext({ ca, cert, key });
  } catch (error) {
    // For example a key that is too short for OpenSSL.
    throw pemFault(
      file,
      `OpenSSL does not accept the certificate (${(error as Error).message}); create a new one`,
    );
  }
}
