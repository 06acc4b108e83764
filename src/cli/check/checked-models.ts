import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { SingleProcess } from '../../common/cluster';
import { Config } from '../../config/config';
import { ConfigModule } from '../../config/config.module';
import { disableTelemetry } from '../../config/telemetry';
import type { Servable } from '../../models/model';
import { ModelsModule } from '../../models/models.module';
import { ModelRegistry } from '../../models/registry/model-registry';
import { Log } from '../../observability/log/log';
import { ObservabilityModule } from '../../observability/observability.module';
import { ProcessesModule } from '../../processes/processes.module';
import { ReplicasModule } from '../../replicas/replicas.module';
import type { TensorSpec } from '../../tensor/tensor';

/** A version that was loaded, or that could not be. */
export interface CheckedVersion {
  readonly model: string;
  readonly version: string;
  readonly state: string;
  readonly device?: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Maximum number of rows of a run; absent if the version has not been loaded here. */
  readonly max_batch_rows?: number;
  /** Why requests are not batched; absent if they are. */
  readonly not_batched?: string;
  readonly load_ms?: number;
  /** Why it is not READY, and how to fix it; empty if it is. */
  readonly reason: string;
}

/** How often `progress` is called. */
const PROGRESS_EVERY_MS = 200;

/**
 * Loads every model of the repository of `config` in runners, without listening on a port, and stops them. Models that load on
 * demand are loaded one after another.
 * @param progress receives the number of versions that are done, and of all.
 * @throws ConfigError if the repository cannot be read.
 */
export async function checkModels(
  config: Config,
  progress: (done: number, all: number) => void,
): Promise<readonly CheckedVersion[]> {
  disableTelemetry();
  const app = await NestFactory.createApplicationContext(contextOf(config), {
    logger: false,
    abortOnError: false,
  });
  try {
    const registry = app.get(ModelRegistry);
    const versions = registry.list().flatMap((model) => model.versions);
    const checked = new Map<Servable, CheckedVersion>();
    const show = () =>
      progress(checked.size || versions.filter((version) => isDone(version)).length, versions.length);
    show();
    const timer = setInterval(show, PROGRESS_EVERY_MS);
    try {
      await registry.loaded;
      for (const version of versions) {
        const failure = version.options.onDemand ? await loadNow(version) : '';
        checked.set(version, resultOf(version, failure));
        // Otherwise a repository of many models would need memory for all of them at once.
        if (version.options.onDemand) await version.stop();
      }
    } finally {
      clearInterval(timer);
    }
    return [...checked.values()];
  } finally {
    await app.close();
  }
}

function contextOf(config: Config) {
  // Every model, whichever ones would be loaded at start, and nothing that replicas share.
  const all = Object.assign(new Config(), config, { modelControlMode: 'none', loadModels: [], redisUrl: '' });
  return {
    module: ModelsModule,
    imports: [
      ConfigModule.with(all),
      ProcessesModule.with(new SingleProcess()),
      ReplicasModule,
      ObservabilityModule.with(new Log('silent', 'json')),
    ],
  };
}

function isDone({ state, options }: Servable): boolean {
  return state !== 'LOADING' && !options.onDemand;
}

/** Loads a version that loads on demand. Resolves with why that failed; empty if it did not. */
async function loadNow(version: Servable): Promise<string> {
  version.enter();
  try {
    await version.described(Infinity);
    return '';
  } catch (error) {
    return (error as Error).message;
  } finally {
    version.leave();
  }
}

function resultOf(version: Servable, failure: string): CheckedVersion {
  const { name, state, device, platform, forwarder, loadMs, reason, unbatchable, maxBatchRows } = version;
  const isReady = state === 'READY' && failure === '';
  const signature = isReady && forwarder === undefined ? version.signature : undefined;
  const place = device ?? (platform === 'remote' ? 'remote' : undefined);
  return {
    model: name,
    version: version.version,
    state: isReady ? state : 'UNAVAILABLE',
    ...(place === undefined ? {} : { device: place }),
    inputs: signature?.inputs ?? [],
    outputs: signature?.outputs ?? [],
    ...(version.file === undefined ? {} : { max_batch_rows: maxBatchRows }),
    ...(version.file === undefined || unbatchable === '' ? {} : { not_batched: unbatchable }),
    ...(loadMs === undefined ? {} : { load_ms: Math.round(loadMs) }),
    reason: isReady ? '' : reason || failure,
  };
}
