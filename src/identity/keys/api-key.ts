import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * API keys: `nxs_<id>_<secret>_<checksum>`. The secret is 43 random digits of base62, 256 bits. The checksum is the CRC-32
 * of everything before `_<checksum>`, in 6 characters of base62. Secret scanners recognise the prefix, and mistyped or
 * truncated keys are rejected without a look-up.
 */

const PREFIX = 'nxs';
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The id of a key, as a regular expression for JSON schemas. `env-<number>` is reserved for the keys of NEXUS_API_KEY. */
export const ID_PATTERN = '^(?!env-\\d+$)[A-Za-z0-9-]{1,64}$';

const FORM = new RegExp(
  `^(${PREFIX}_([A-Za-z0-9-]{1,64})_[A-Za-z0-9]{${SECRET_LENGTH}})_([A-Za-z0-9]{${CHECKSUM_LENGTH}})$`,
);

/** A new key for `id`, which has the form of {@link ID_PATTERN}. */
export function newApiKey(id: string): string {
  const secret = Array.from({ length: SECRET_LENGTH }, () => DIGITS[randomInt(DIGITS.length)]);
  const text = `${PREFIX}_${id}_${secret.join('')}`;
  return `${text}_${checksumOf(text)}`;
}

/** The id in `text` if it has the form and the checksum of a key; otherwise undefined. The key may still be unknown. */
export function idOf(text: string): string | undefined {
  const match = FORM.exec(text);
  return match !== null && checksumOf(match[1]!) === match[3] ? match[2] : undefined;
}

/** SHA-256 of the whole text of a key. */
export function keyDigest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** SHA-256 of a key as the keys file has it: `sha256:` and 64 hexadecimal digits. */
export function hashOf(text: string): string {
  return `sha256:${keyDigest(text).toString('hex')}`;
}

/** The CRC-32 of `text` in base62, most significant digit first, padded with zeros. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  while (digits.length < CHECKSUM_LENGTH) {
    digits = DIGITS[rest % DIGITS.length]! + digits;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
