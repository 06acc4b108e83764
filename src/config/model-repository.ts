import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isSecureUrl } from './oidc';

/** How URLs of model repositories begin. */
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The forms of URLs, by scheme. None has a user, a password or a query: all of them would be secrets in messages and logs. */
const FORMS: Readonly<Record<string, RegExp>> = {
  s3: /^s3:\/\/[\w.-]{3,255}(\/[^?#]*)?$/,
  gs: /^gs:\/\/[\w.-]{3,222}(\/[^?#]*)?$/,
  hf: /^hf:\/\/[\w-][\w.-]*\/[\w-][\w.-]*(@[\w-][\w./-]*)?$/,
};

/** What an entry of NEXUS_MODEL_REPOSITORY can be, for messages. */
export const REPOSITORY_FORMS =
  'existing folders of models, .onnx files, or URLs (s3://bucket/prefix, gs://bucket/prefix, hf://organisation/name, https to an .onnx file or SHA256SUMS) without a password or query, separated by commas';

/** Whether `entry` of NEXUS_MODEL_REPOSITORY is a URL, and not a path. */
export function isUrl(entry: string): boolean {
  return SCHEME.test(entry);
}

/** Whether `entry` is a valid entry of NEXUS_MODEL_REPOSITORY; see {@link REPOSITORY_FORMS}. */
export function isRepository(entry: string): boolean {
  if (!isUrl(entry)) return existsSync(entry);
  const form = FORMS[entry.slice(0, entry.indexOf(':'))];
  if (form !== undefined) return form.test(entry) && !/(^|\/)\.\.?(\/|$)/.test(entry);
  return isSecureUrl(entry) && /\/([^/?#]+\.onnx|SHA256SUMS)$/i.test(entry) && !/[?#]/.test(entry);
}

/** Folder of the local copy of the repository at `url`, in NEXUS_MODEL_CACHE. It is different for each URL. */
export function copyFolder({ modelCache }: { readonly modelCache: string }, url: string): string {
  const readable = url.replace(SCHEME, '').replaceAll(/[^\w.-]+/g, '-');
  const digest = createHash('sha256').update(url).digest('hex').slice(0, 12);
  return join(modelCache || userCacheFolder(), `${readable.slice(0, 80)}-${digest}`);
}

/** The folder for caches of the user (XDG Base Directory Specification), which need not exist. */
function userCacheFolder(): string {
  const { XDG_CACHE_HOME: base = '' } = process.env;
  return join(isAbsolute(base) ? base : join(homedir(), '.cache'), 'nexus', 'models');
}

/** Whether requests to S3 go to a server that the environment names (AWS_ENDPOINT_URL), and not to AWS. */
export function hasOwnS3Endpoint(env: NodeJS.ProcessEnv = process.env): boolean {
  return (env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || '') !== '';
}

/** Address and token of the Hugging Face hub, from the variables of its own tools: HF_ENDPOINT and HF_TOKEN. */
export function hubAccess(env: NodeJS.ProcessEnv = process.env): { endpoint: string; token: string } {
  const endpoint = (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
  return { endpoint, token: (env['HF_TOKEN'] ?? '').trim() };
}

/** Address of an emulator of Google Cloud Storage, from the variable of Google's own libraries; empty if there is none. */
export function storageEmulator(env: NodeJS.ProcessEnv = process.env): string {
  const host = (env['STORAGE_EMULATOR_HOST'] ?? '').replace(/\/+$/, '');
  return host === '' || isUrl(host) ? host : `http://${host}`;
}
