import { GatewayClient } from '../gateway-client';
import type { GatewayOptions } from '../gateway-options';
import { ProgressLine } from '../progress-line';

/** Options of the commands `load` and `unload`. */
export interface ChangeOptions extends GatewayOptions {
  readonly version?: string;
}

/** How often the time on the progress line changes. */
const TICK_MS = 500;

/** Loads or unloads a model, or one version of it. Resolves when that is done. @throws CommandError */
export async function runChange(
  change: 'load' | 'unload',
  model: string,
  options: ChangeOptions,
): Promise<void> {
  const { version, json } = options;
  const client = GatewayClient.forOperators(options);
  const name = encodeURIComponent(model);
  const path =
    version === undefined
      ? `/v2/repository/models/${name}/${change}`
      : `/v1/models/${name}/versions/${encodeURIComponent(version)}/${change}`;
  const label = version === undefined ? model : `${model}/${version}`;
  const began = performance.now();
  const line = new ProgressLine();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  const timer = setInterval(() => line.show(`${change}ing ${label}: ${seconds()} s`), TICK_MS);
  try {
    await client.post(path);
  } finally {
    clearInterval(timer);
    line.clear();
  }
  const took = Math.round(performance.now() - began);
  const text =
    json === true
      ? JSON.stringify({
          model,
          ...(version === undefined ? {} : { version }),
          change: `${change}ed`,
          took_ms: took,
        })
      : `${change}ed ${label} in ${took} ms`;
  process.stdout.write(`${text}\n`);
}
