const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** Browsers then use HTTPS for this host for a year. */
const ONLY_HTTPS = { 'strict-transport-security': 'max-age=31536000' };

/** Security headers of pages and their files, without a content security policy. With `isHttps`, browsers then use only HTTPS. */
export function pageHeaders(isHttps: boolean): Readonly<Record<string, string>> {
  return isHttps ? { ...HEADERS, ...ONLY_HTTPS } : HEADERS;
}

/** The content security policy of files that are not pages. */
export const FILE_POLICY = "default-src 'none'; frame-ancestors 'none'";
