import { loadConfig } from '../../../src/config/load-config';
import { tracingSettingsOf } from '../../../src/config/tracing';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

it.each([
  ['without an endpoint', {}],
  ['with an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
  ['when disabled', { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }],
  ['without an exporter', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
])('is off %s', (_, env) => {
  expect(tracingSettingsOf(env)).toBeUndefined();
});

it.each([
  ['an endpoint', ENDPOINT, 'http/protobuf', 1, true],
  [
    'an endpoint of traces',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c/v1/traces' },
    'http/protobuf',
    1,
    true,
  ],
  ['only the exporter', { OTEL_TRACES_EXPORTER: 'otlp' }, 'http/protobuf', 1, true],
  [
    'a protocol of traces, which comes first',
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
    'http/json',
    1,
    true,
  ],
  [
    'a ratio',
    { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' },
    'http/protobuf',
    0.01,
    true,
  ],
  [
    'a ratio for clients too',
    { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
    'http/protobuf',
    0,
    false,
  ],
  [
    'a sampler that needs no ratio',
    { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'always_off', OTEL_TRACES_SAMPLER_ARG: '0.5' },
    'http/protobuf',
    0,
    false,
  ],
])('is on with %s', (_, env, protocol, ratio, followsParent) => {
  expect(tracingSettingsOf(env)).toEqual({ protocol, sampling: { ratio, followsParent } });
});

it.each([
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /^OTEL_EXPORTER_OTLP_PROTOCOL=grpc: expected http\/protobuf or http\/json; /,
  ],
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /^OTEL_TRACES_EXPORTER=zipkin: expected otlp or none; /],
  [
    { OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    /^OTEL_TRACES_SAMPLER=jaeger_remote: expected one of always_on, /,
  ],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1%' },
    /^OTEL_TRACES_SAMPLER_ARG=1%: expected a number from 0 to 1, /,
  ],
  [
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'user:secret@collector:4318' },
    /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: expected a URL such as http:\/\/localhost:4318; correct it$/,
  ],
])('refuses %j at the start', (env, line) => {
  expect(() => loadConfig({ ...ENDPOINT, ...env })).toThrow(line);
  // What is not used is not checked.
  expect(() => loadConfig({ ...env, OTEL_SDK_DISABLED: 'true' })).not.toThrow();
});
