import { readSecret, SECRET_FORM } from '../../config/secret';
import { readTargetTls } from '../../remote/target-tls';
import type { Target } from '../../remote/target';
import type { TargetSettings } from '../../repository/remote-settings';

const MAX_IN_FLIGHT = 256;

/**
 * The targets that `settings` describe, with their secrets and certificates.
 * @param model name of the model here.
 * @param folder that relative paths of certificates start from.
 * @throws Error that names the target and what cannot be read.
 */
export function resolveTargets(
  settings: readonly TargetSettings[],
  model: string,
  folder: string,
): Promise<readonly Target[]> {
  return Promise.all(settings.map((target) => resolveTarget(target, model, folder)));
}

async function resolveTarget(settings: TargetSettings, model: string, folder: string): Promise<Target> {
  const { url, protocol = 'v2', version, weight = 1, region, tls, max_in_flight: most } = settings;
  const id = new URL(url).host;
  try {
    return {
      id,
      url: url.replace(/\/+$/, ''),
      protocol,
      model: settings.model ?? model,
      version: version === undefined ? undefined : String(version),
      weight,
      region,
      headers: await headersOf(settings),
      tls: tls === undefined ? undefined : await readTargetTls(tls, folder, model),
      maxInFlight: most ?? MAX_IN_FLIGHT,
    };
  } catch (error) {
    throw new Error(`target ${id}: ${(error as Error).message}`, { cause: error });
  }
}

async function headersOf({ api_key: key, headers = {} }: TargetSettings): Promise<Target['headers']> {
  const read = Object.entries(headers).map(async ([name, value]) => {
    const text = SECRET_FORM.test(value) ? await readSecret(value) : value;
    return [name.toLowerCase(), text] as const;
  });
  const written = Object.fromEntries(await Promise.all(read));
  return key === undefined ? written : { ...written, authorization: `Bearer ${await readSecret(key)}` };
}
