import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';

type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span as it was exported. */
export interface Span {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Attributes;
  readonly failed: boolean;
  /** Ids of the spans that it links to. */
  readonly links: readonly string[];
  /** Of the process. */
  readonly resource: Attributes;
}

/** The part of opentelemetry/proto/collector/trace/v1/trace_service.proto that spans need. */
const SCHEMA = `syntax = "proto3";
message Export { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  repeated Link links = 13; Status status = 15;
}
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { int32 code = 3; }
message KeyValue { string key = 1; Value value = 2; }
message Value { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }`;

const EXPORT = protobuf.parse(SCHEMA).root.lookupType('Export');

/** An OTLP receiver over HTTP, as an OpenTelemetry collector is, for protobuf and JSON. */
export class Collector {
  readonly spans: Span[] = [];
  /** What it has received, as JSON. */
  readonly bodies: string[] = [];
  readonly requests: IncomingMessage[] = [];
  /** What it responds. */
  status = 200;
  private readonly server: Server;
  private readonly events = new EventEmitter();

  private constructor() {
    this.server = createServer((request, response) => {
      void this.receive(request).then(() => response.writeHead(this.status).end());
    });
  }

  /** Starts one on a free port. */
  static async start(): Promise<Collector> {
    const collector = new Collector();
    collector.server.listen(0, '127.0.0.1');
    await once(collector.server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves with the spans of `traceId` when `count` of them have arrived. */
  async trace(traceId: string, count: number): Promise<Span[]> {
    return this.until(() => {
      const found = this.spans.filter((span) => span.traceId === traceId);
      return found.length >= count ? found : undefined;
    });
  }

  /** Resolves with what `find` returns when that is not undefined; it is asked whenever spans have arrived. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await once(this.events, 'spans');
    }
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage): Promise<void> {
    const body = await buffer(request);
    this.requests.push(request);
    const isJson = request.headers['content-type'] === 'application/json';
    const message = isJson ? JSON.parse(body.toString()) : fromProtobuf(body);
    this.bodies.push(JSON.stringify(message));
    for (const { resource, scopeSpans } of message.resourceSpans)
      for (const { spans } of scopeSpans)
        for (const span of spans) this.spans.push(spanOf(span, attributesOf(resource.attributes)));
    this.events.emit('spans');
  }
}

/** As the JSON form of OTLP, whose ids are hexadecimal. */
function fromProtobuf(body: Uint8Array): any {
  const message = EXPORT.toObject(EXPORT.decode(body), { longs: String });
  return JSON.parse(
    JSON.stringify(message, (_, value) => (value?.type === 'Buffer' ? hex(value.data) : value)),
  );
}

function hex(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('hex');
}

function spanOf(span: any, resource: Attributes): Span {
  const { name, traceId, spanId, parentSpanId = '', traceState = '', attributes, links = [], status } = span;
  return {
    name,
    kind: (['internal', 'internal', 'server', 'client'] as const)[span.kind as number]!,
    traceId,
    spanId,
    parentSpanId,
    traceState,
    start: BigInt(span.startTimeUnixNano),
    end: BigInt(span.endTimeUnixNano),
    attributes: attributesOf(attributes),
    failed: status?.code === 2,
    links: links.map((link: { spanId: string }) => link.spanId),
    resource,
  };
}

function attributesOf(attributes: readonly { key: string; value: object }[] = []): Attributes {
  const of = ({ key, value }: { key: string; value: object }) => {
    const [[kind, content]] = Object.entries(value) as [[string, any]];
    return [key, kind === 'intValue' ? Number(content) : content];
  };
  return Object.fromEntries(attributes.map(of));
}
