import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { isIP } from 'node:net';

/** Whether `path` is the absolute path of an existing folder. */
export function isFolder(path: string): boolean {
  // `/.` exists only below a folder.
  return isAbsolute(path) && existsSync(`${path}/.`);
}

/** Whether `text` is the number of a port. */
export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}

/** Whether `text` is the URL of a Redis, with or without credentials and a database number. */
export function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, username, password } = new URL(text);
  return /^rediss?:$/.test(protocol) && /^(\/\d*)?$/.test(pathname) && isPercentEncoded(username + password);
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether `text` is an origin as browsers send it (RFC 6454 section 6.2). */
export function isOrigin(text: string): boolean {
  // Schemes other than those of the web, such as that of a browser extension, have no standard form.
  return (
    /^[a-z][a-z\d+.-]*:\/\/[^/?#@*\s]+$/.test(text) &&
    URL.canParse(text) &&
    ['null', text].includes(new URL(text).origin)
  );
}

/** Whether `text` is an IP address or a CIDR range. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && bits > 0 && (prefix === undefined || isPrefix(prefix, bits));
}

function isPrefix(text: string, bits: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= bits;
}
