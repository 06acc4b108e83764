import type { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import {
  certificateOfKey,
  certificatesIn,
  pemFault,
  readPemFile,
  textOfPem,
  type PemFile,
} from '../../common/pem-file';
import type { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { variableOf } from '../../config/load-config';

/** The files of TLS. `clientCa` is absent if clients need no certificate. */
export interface CertificateFiles {
  readonly cert: PemFile;
  readonly key: PemFile;
  readonly clientCa?: PemFile;
}

/** Files that have passed all checks. */
export interface CheckedCertificate {
  readonly certificate: X509Certificate;
  readonly context: SecureContextOptions;
}

/** Reads the files that `config` names. A file that cannot be read is no error until {@link checkCertificate}. */
export async function readCertificateFiles(config: Config): Promise<CertificateFiles> {
  const read = (field: 'tlsCert' | 'tlsKey' | 'tlsClientCa'): Promise<PemFile> =>
    readPemFile(`${variableOf(field)}=${config[field]}`, config[field]);
  const [cert, key, clientCa] = await Promise.all([
    read('tlsCert'),
    read('tlsKey'),
    config.tlsClientCa === '' ? undefined : read('tlsClientCa'),
  ]);
  return { cert, key, ...(clientCa && { clientCa }) };
}

/**
 * Checks that the files are complete and belong together. An expired certificate passes.
 * @throws {ConfigError} with one line: the setting, what is wrong, and how to fix it.
 */
export function checkCertificate(files: CertificateFiles): CheckedCertificate {
  try {
    return checked(files);
  } catch (error) {
    throw new ConfigError([(error as Error).message]);
  }
}

function checked({ cert, key, clientCa }: CertificateFiles): CheckedCertificate {
  const certificate = certificateOfKey(cert, key);
  if (clientCa !== undefined) certificatesIn(clientCa);
  const context: SecureContextOptions = {
    cert: textOfPem(cert),
    key: textOfPem(key),
    ca: clientCa && textOfPem(clientCa),
    minVersion: 'TLSv1.2',
  };
  try {
    createSecureContext(context);
  } catch (error) {
    // For example a key that is too short for OpenSSL.
    throw pemFault(
      cert,
      `OpenSSL does not accept the certificate (${(error as Error).message}); create a new one`,
    );
  }
  return { certificate, context };
}
