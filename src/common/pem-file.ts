import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A file that a setting names, and what was read from it. */
export interface PemFile {
  /** The setting and its value, such as `NEXUS_TLS_KEY=/tls/tls.key`, for messages. */
  readonly setting: string;
  /** The text of the file, or why it cannot be read. */
  readonly content: string | NodeJS.ErrnoException;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads the file at `path`. A file that cannot be read is no error until its text is needed. */
export async function readPemFile(setting: string, path: string): Promise<PemFile> {
  return { setting, content: await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error) };
}

/** The text of `file`. @throws {@link pemFault} if it cannot be read. */
export function textOfPem(file: PemFile): string {
  if (typeof file.content === 'string') return file.content;
  throw pemFault(
    file,
    `the file cannot be read (${file.content.code ?? file.content.message}); set a PEM file that this user may read`,
  );
}

/** The certificates in `file`, at least one. An expired one passes. @throws {@link pemFault} if there is none, or one is damaged. */
export function certificatesIn(file: PemFile): X509Certificate[] {
  const blocks = textOfPem(file).match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0)
    throw pemFault(
      file,
      'expected certificates in PEM format, found none; convert other formats with openssl x509 -outform PEM',
    );
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw pemFault(file, `certificate ${index + 1} in the file is damaged; replace the file`);
    }
  });
}

/**
 * The first certificate in `certificate`, which `key` belongs to.
 * @throws {@link pemFault} if a file is not usable, or the key is that of another certificate.
 */
export function certificateOfKey(certificate: PemFile, key: PemFile): X509Certificate {
  const [first] = certificatesIn(certificate) as [X509Certificate];
  if (first.checkPrivateKey(privateKeyIn(key))) return first;
  throw pemFault(
    key,
    `the key does not belong to the first certificate in ${certificate.setting}; set the key of that certificate, and put the certificate before its chain`,
  );
}

/** An error of one line: the setting of `file`, what is wrong, and how to fix it. */
export function pemFault({ setting }: PemFile, message: string): Error {
  return new Error(`${setting}: ${message}`);
}

function privateKeyIn(file: PemFile): KeyObject {
  const text = textOfPem(file);
  try {
    return createPrivateKey(text);
  } catch {
    throw pemFault(
      file,
      text.includes('ENCRYPTED')
        ? 'the key is encrypted; decrypt it with openssl pkey -in <file> -out <new file>'
        : 'expected a private key in PEM format, found none; convert other formats with openssl pkey',
    );
  }
}
