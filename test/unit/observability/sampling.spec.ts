import { ROOT_CONTEXT } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { contextOf } from '../../../src/observability/tracing/passed-trace';
import { Sampling } from '../../../src/observability/tracing/sampling';
import { NoTracing } from '../../../src/observability/tracing/tracing';

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: length, maxLength: length })
    .map((all) => all.join(''));
const traceId = hex(32).filter((id) => /[^0]/.test(id));
const ratio = fc.oneof(fc.constantFrom(0, 0.01, 1), fc.double({ min: 0, max: 1, noNaN: true }));

/** What the sampler of OpenTelemetry decides. */
const samples = (share: number, id: string) =>
  new TraceIdRatioBasedSampler(share).shouldSample(ROOT_CONTEXT, id).decision ===
  SamplingDecision.RECORD_AND_SAMPLED;

describe('sampling by a ratio', () => {
  it('decides about the traces of clients as OpenTelemetry does', () => {
    fc.assert(
      fc.property(ratio, traceId, (share, id) => {
        const sampling = new Sampling({ ratio: share, followsParent: false });
        expect(sampling.continues(id, true)).toBe(samples(share, id));
      }),
    );
  });

  it('begins traces that OpenTelemetry samples too, with valid ids', () => {
    fc.assert(
      fc.property(ratio, (share) => {
        const id = new Sampling({ ratio: share, followsParent: true }).begin();
        if (id === undefined) expect(share).toBeLessThan(1);
        else expect([id.length, parseInt(id, 16) > 0, samples(share, id)]).toEqual([32, true, true]);
      }),
    );
  });

  it('follows the client if it should', () => {
    const sampling = new Sampling({ ratio: 0, followsParent: true });
    expect(sampling.begin()).toBeUndefined();
    expect([true, false].map((isSampled) => sampling.continues('1'.repeat(32), isSampled))).toEqual([
      true,
      false,
    ]);
  });
});

describe('the context of a client', () => {
  const parent = fc.oneof(
    fc.tuple(hex(2), hex(32), hex(16), hex(2)).map((fields) => fields.join('-')),
    fc.tuple(hex(2), hex(32), hex(16), hex(2), fc.string()).map((fields) => fields.join('-')),
    fc.string(),
    fc.constantFrom(
      `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
      `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
      `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
      `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01-more`,
      `01-${'1'.repeat(32)}-${'1'.repeat(16)}-01-more`,
    ),
  );

  it('is valid if OpenTelemetry accepts it, without white space around it', () => {
    fc.assert(
      fc.property(parent, (traceparent) => {
        const isAccepted = parseTraceParent(traceparent) !== null;
        const isOurs = contextOf(traceparent, undefined) !== undefined;
        if (traceparent === traceparent.trim()) expect(isOurs).toBe(isAccepted);
        else expect(isOurs && !isAccepted).toBe(false);
      }),
    );
  });

  it('is passed on when tracing is off, without a tracestate that a target could not receive', () => {
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const passed = (tracestate: string) => new NoTracing().begin(traceparent, tracestate)?.context;
    expect(passed('a=1,b=2')).toEqual({ traceparent, tracestate: 'a=1,b=2' });
    for (const tracestate of ['', 'a=\u00e4', 'a=1\r\nx: y', `a=${'1'.repeat(512)}`])
      expect(passed(tracestate)).toEqual({ traceparent, tracestate: undefined });
    expect(new NoTracing().begin(undefined, 'a=1')).toBeUndefined();
    expect(new NoTracing().begin('00-1-2-01', undefined)).toBeUndefined();
  });
});
