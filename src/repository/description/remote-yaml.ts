import { targetsByVersion, type RemoteSettings, type TargetSettings } from '../remote-settings';
import { keysWhere } from '../settings';

/** A key of model.yaml with an invalid value, as the path to it, and what is wrong with it. */
export type SettingFault = readonly [key: string, text: string];

/** Keys that are allowed in a model that other servers run. */
const ALLOWED = keysWhere(({ inRemote }) => inRemote !== undefined);

/** What texts of a certain form must be, by the path of the key. */
export const REMOTE_FORMS: readonly (readonly [path: RegExp, form: string])[] = [
  [/\.url$/, 'a URL such as http://gpu-1:8000, without user, password, query or fragment'],
  [/\.api_key$/, 'env:NAME or file:/path, because secrets do not belong in this file'],
  [/\.headers/, 'printable ASCII characters'],
  [/^overflow\.when$/, 'queue_ms > N, with a whole number of milliseconds'],
];

/** What is wrong with the keys of a model that other servers run, beyond what the schema checks; undefined if nothing. */
export function remoteFault(written: RemoteSettings): SettingFault | undefined {
  const { targets, remote, overflow } = written;
  if (targets === undefined) {
    if (overflow === undefined)
      return remote === undefined ? undefined : ['remote', 'is only for models with targets or overflow'];
    if (overflow.to.some(({ protocol }) => protocol === 'openai'))
      return ['overflow', 'must be servers of protocol v2 or v2-grpc, because the local model takes tensors'];
    return targetFault(overflow.to, 'overflow/to');
  }
  const unexpected = Object.keys(written).find((key) => !ALLOWED.includes(key));
  if (unexpected !== undefined)
    return [
      unexpected,
      'cannot be set for a model with targets, which has no file here; set it at the servers, or remove it',
    ];
  const lists = Object.entries(targetsByVersion(written));
  const all = lists.flatMap(([, list]) => list);
  const apis = all.filter(({ protocol }) => protocol === 'openai').length;
  if (apis !== 0 && apis !== all.length)
    return ['targets', 'must all speak openai, or none: their requests have nothing in common'];
  if (apis !== 0 && 'payload_log' in written)
    return [
      'payload_log',
      'cannot be set for targets of protocol openai, whose requests have no tensors; remove it',
    ];
  for (const [version, list] of lists) {
    const fault = targetFault(list, Array.isArray(targets) ? 'targets' : `targets/${version}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function targetFault(targets: readonly TargetSettings[], path: string): SettingFault | undefined {
  const hosts = targets.map(({ url }) => new URL(url).host);
  for (const [index, { url, tls, protocol = 'v2' }] of targets.entries()) {
    const at = `${path}/${index}/url`;
    if (hosts.indexOf(hosts[index]!) !== index)
      return [at, `is the address of another target, ${hosts[index]}; use one target for each address`];
    const { protocol: scheme } = new URL(url);
    if (scheme.startsWith('grpc') && protocol !== 'v2-grpc')
      return [at, `has the scheme ${scheme.slice(0, -1)}, which is only for protocol: v2-grpc`];
    if (tls !== undefined && !scheme.endsWith('s:'))
      return [at, 'is not encrypted, but tls is set; use https, or grpcs for v2-grpc'];
    if ((tls?.certificate === undefined) !== (tls?.key === undefined))
      return [`${path}/${index}/tls`, 'needs both certificate and key, or neither'];
  }
  return undefined;
}
