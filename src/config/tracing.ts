/** Which traces are sampled. */
export interface SamplingSettings {
  /** Share of the traces that begin here. */
  readonly ratio: number;
  /** Whether a request that continues a trace is sampled if its client has sampled it; otherwise by the ratio. */
  readonly followsParent: boolean;
}

/** How traces are sampled, and exported to an OpenTelemetry collector. */
export interface TracingSettings {
  readonly protocol: string;
  readonly sampling: SamplingSettings;
}

/** By variable; the first one that is set counts. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
const SAMPLER = 'OTEL_TRACES_SAMPLER';
const SHARE = 'OTEL_TRACES_SAMPLER_ARG';

/** The values of {@link SAMPLER}. Those without a ratio take it from {@link SHARE}. */
const SAMPLERS: Readonly<Record<string, { readonly ratio?: number; readonly followsParent: boolean }>> = {
  always_on: { ratio: 1, followsParent: false },
  always_off: { ratio: 0, followsParent: false },
  traceidratio: { followsParent: false },
  parentbased_always_on: { ratio: 1, followsParent: true },
  parentbased_always_off: { ratio: 0, followsParent: true },
  parentbased_traceidratio: { followsParent: true },
};

/**
 * The settings of traces; undefined if requests are not traced, because no endpoint is set. OpenTelemetry itself reads the
 * other variables `OTEL_*`. The values must be valid; see {@link tracingFaultsOf}.
 */
export function tracingSettingsOf(env: NodeJS.ProcessEnv = process.env): TracingSettings | undefined {
  const exporter = firstOf(['OTEL_TRACES_EXPORTER'], env)?.[1];
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true' || exporter === 'none') return undefined;
  if (exporter === undefined && firstOf(ENDPOINTS, env) === undefined) return undefined;
  const protocol = firstOf(PROTOCOLS, env)?.[1] ?? 'http/protobuf';
  const sampler = SAMPLERS[env[SAMPLER]?.trim() || 'parentbased_always_on'] ?? { followsParent: true };
  return { protocol, sampling: { ratio: Number(env[SHARE]?.trim() || 1), ...sampler } };
}

/** A line for each variable of traces that is invalid. Endpoints are not quoted, because they may contain credentials. */
export function tracingFaultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  const settings = tracingSettingsOf(env);
  if (settings === undefined) return [];
  const faults: string[] = [];
  const { ratio } = settings.sampling;
  const exporter = firstOf(['OTEL_TRACES_EXPORTER'], env)?.[1] ?? 'otlp';
  if (exporter !== 'otlp') faults.push(`OTEL_TRACES_EXPORTER=${exporter}: expected otlp or none; unset it`);
  const [variable, protocol] = firstOf(PROTOCOLS, env) ?? ['', 'http/protobuf'];
  if (protocol !== 'http/protobuf' && protocol !== 'http/json')
    faults.push(
      `${variable}=${protocol}: expected http/protobuf or http/json; unset it, and use the HTTP port of the collector, usually 4318`,
    );
  const [name, endpoint] = firstOf(ENDPOINTS, env) ?? ['', 'http://localhost'];
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint))
    faults.push(`${name}: expected a URL such as http://localhost:4318; correct it`);
  const sampler = env[SAMPLER]?.trim();
  if (sampler && SAMPLERS[sampler] === undefined)
    faults.push(`${SAMPLER}=${sampler}: expected one of ${Object.keys(SAMPLERS).join(', ')}; correct it`);
  if (!(ratio >= 0 && ratio <= 1))
    faults.push(`${SHARE}=${env[SHARE]}: expected a number from 0 to 1, such as 0.01; correct it`);
  return faults;
}

/** The first of the variables `names` that is set, and its value. */
function firstOf(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
): [name: string, value: string] | undefined {
  for (const name of names) {
    const value = env[name]?.trim();
    if (value) return [name, value];
  }
  return undefined;
}
