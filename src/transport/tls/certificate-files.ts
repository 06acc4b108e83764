import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { variableOf } from '../../config/load-config';

/** A file that a setting names, and what was read from it. */
export interface PemFile {
  /** The setting and its value, such as `NEXUS_TLS_KEY=/tls/tls.key`, for messages. */
  readonly setting: string;
  /** The text of the file, or why it cannot be read. */
  readonly content: string | NodeJS.ErrnoException;
}

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

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads the files that `config` names. A file that cannot be read is no error until {@link checkCertificate}. */
export async function readCertificateFiles(config: Config): Promise<CertificateFiles> {
  const read = async (field: 'tlsCert' | 'tlsKey' | 'tlsClientCa'): Promise<PemFile> => ({
    setting: `${variableOf(field)}=${config[field]}`,
    content: await readFile(config[field], 'utf8').catch((error: NodeJS.ErrnoException) => error),
  });
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
export function checkCertificate({ cert, key, clientCa }: CertificateFiles): CheckedCertificate {
  const [certificate] = certificatesIn(cert) as [X509Certificate];
  if (!certificate.checkPrivateKey(privateKeyIn(key)))
    throw fault(
      key,
      `the key does not belong to the first certificate in ${cert.setting}; set the key of that certificate, and put the certificate of the server before its chain`,
    );
  if (clientCa !== undefined) certificatesIn(clientCa);
  const context: SecureContextOptions = {
    cert: textOf(cert),
    key: textOf(key),
    ca: clientCa && textOf(clientCa),
    minVersion: 'TLSv1.2',
  };
  try {
    createSecureContext(context);
  } catch (error) {
    // For example a key that is too short for OpenSSL.
    throw fault(
      cert,
      `OpenSSL does not accept the certificate (${(error as Error).message}); create a new one`,
    );
  }
  return { certificate, context };
}

/** The certificates of a file, at least one. */
function certificatesIn(file: PemFile): X509Certificate[] {
  const blocks = textOf(file).match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0)
    throw fault(
      file,
      'expected certificates in PEM format, found none; convert other formats with openssl x509 -outform PEM',
    );
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw fault(file, `certificate ${index + 1} in the file is damaged; replace the file`);
    }
  });
}

function privateKeyIn(file: PemFile): KeyObject {
  const text = textOf(file);
  try {
    return createPrivateKey(text);
  } catch {
    throw fault(
      file,
      text.includes('ENCRYPTED')
        ? 'the key is encrypted; decrypt it with openssl pkey -in <file> -out <new file>'
        : 'expected a private key in PEM format, found none; convert other formats with openssl pkey',
    );
  }
}

function textOf(file: PemFile): string {
  if (typeof file.content === 'string') return file.content;
  throw fault(
    file,
    `the file cannot be read (${file.content.code ?? file.content.message}); set a PEM file that this user may read`,
  );
}

function fault({ setting }: PemFile, message: string): ConfigError {
  return new ConfigError([`${setting}: ${message}`]);
}
