import type { ConsoleModel } from '../data/schemas.ts';
import { bytes, NONE, percent, short } from '../ui/format.ts';

/** A column of the table of models. */
export interface Column {
  readonly name: string;
  readonly title?: string;
  /** Classes: `number` aligns to the right, `wide` is left out on narrow screens. */
  readonly kind: string;
  /** What rows are sorted by; their name where it is absent. */
  readonly value?: (model: ConsoleModel) => number | undefined;
  readonly show: (model: ConsoleModel) => string;
  readonly isBad?: (model: ConsoleModel) => boolean;
}

const STATES = ['READY', 'UNLOADING', 'LOADING', 'UNAVAILABLE'];
const PLATFORMS = { onnxruntime_onnx: NONE, ensemble: 'pipeline', remote: 'remote' };

const errorsOf = ({ errors }: ConsoleModel) => Object.values(errors).reduce((sum, count) => sum + count, 0);

/** The first two are rendered by the table itself. */
export const COLUMNS: readonly Column[] = [
  { name: 'Model', kind: '', show: ({ model }) => model },
  { name: 'State', kind: '', value: ({ state }) => STATES.indexOf(state), show: ({ state }) => state },
  {
    name: 'Device',
    kind: 'wide',
    value: ({ device }) => (device === undefined ? 0 : device.length),
    show: ({ device, platform }) => device?.toUpperCase() ?? PLATFORMS[platform],
  },
  {
    name: 'Memory',
    kind: 'number wide',
    title: 'Resident memory of the runners',
    value: ({ memory_bytes }) => memory_bytes,
    show: ({ memory_bytes }) => bytes(memory_bytes),
  },
  {
    name: 'Traffic',
    kind: 'number wide',
    title: 'Share of the requests that name no version',
    value: ({ traffic }) => traffic,
    show: ({ traffic }) => percent(traffic),
  },
  {
    name: 'Req/s',
    kind: 'number',
    title: 'Requests per second',
    value: ({ requests_per_s }) => requests_per_s,
    show: ({ requests_per_s }) => short(requests_per_s),
  },
  ...(['p50', 'p95', 'p99'] as const).map((name) => ({
    name,
    kind: name === 'p95' ? 'number' : 'number wide',
    title: 'Milliseconds from request to response',
    value: ({ latency }: ConsoleModel) => latency?.[name],
    show: ({ latency }: ConsoleModel) => short(latency?.[name]),
  })),
  {
    name: 'Queue',
    kind: 'number wide',
    title: 'Requests that wait',
    value: ({ queue_requests }) => queue_requests,
    show: ({ queue_requests }) => short(queue_requests),
  },
  {
    name: 'Batch',
    kind: 'number wide',
    title: 'Mean rows per run',
    value: ({ batch_rows }) => batch_rows,
    show: ({ batch_rows }) => short(batch_rows),
  },
  {
    name: 'Cache',
    kind: 'number wide',
    title: 'Share of requests that the response cache answered',
    value: ({ cache_hits }) => cache_hits,
    show: ({ cache_hits }) => percent(cache_hits),
  },
  {
    name: 'Errors/s',
    kind: 'number',
    title: 'Failed requests per second',
    value: ({ errors_per_s }) => errors_per_s,
    show: ({ errors_per_s }) => short(errors_per_s),
    isBad: ({ errors_per_s }) => errors_per_s > 0,
  },
  {
    name: 'Failed',
    kind: 'number wide',
    title: 'Failed requests since the start',
    value: errorsOf,
    show: (model) => short(errorsOf(model)),
  },
  {
    name: 'Restarts',
    kind: 'number wide',
    title: 'Restarts of the runners since the start',
    value: ({ restarts }) => restarts,
    show: ({ restarts }) => short(restarts),
    isBad: ({ restarts }) => restarts > 0,
  },
];
