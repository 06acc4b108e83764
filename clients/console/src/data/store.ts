import { ApiError, type Api } from './api.ts';
import type {
  ConsoleCaller,
  ConsoleError,
  ConsoleGateway,
  ConsoleModel,
  ConsoleSnapshot,
  ConsoleUsage,
  RepositoryIndexEntry,
} from './schemas.ts';
import { eventsOf } from './event-stream.ts';
import { History } from './history.ts';
import { sampleOf, totalOf } from './totals.ts';

/** `locked`: a key is needed. `refused`: the key is valid, but may not read. */
export type Status = 'connecting' | 'live' | 'disconnected' | 'locked' | 'refused';

const MAX_ERRORS = 100;
/** The gateway sends an event every second. After this silence, the connection counts as lost. */
const SILENCE_MS = 10_000;
/** How often the page looks for models that have been added to the repository. */
const LIST_AGAIN_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** The latest state of the gateway, kept current by its stream of events. */
export class Store {
  status: Status = 'connecting';
  /** Why the page is not `live`. */
  failure: ApiError | undefined;
  caller: ConsoleCaller | undefined;
  gateway: ConsoleGateway | undefined;
  /** By `<model>/<version>`, in the order in which they came. */
  readonly models = new Map<string, ConsoleModel>();
  /** Versions in the repository that are not served. */
  private idle: readonly ConsoleModel[] = [];
  errors: readonly ConsoleError[] = [];
  usage: readonly ConsoleUsage[] = [];
  readonly total = new History();
  private readonly histories = new Map<string, History>();
  private readonly listeners = new Set<() => void>();
  private attempt: AbortController | undefined;
  private pause: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private listedAt = 0;

  constructor(private readonly api: Api) {}

  /** Calls `listener` after every change. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** All versions: those that are served, and those that could be loaded. */
  get all(): readonly ConsoleModel[] {
    const idle = this.idle.filter(({ model, version }) => !this.models.has(`${model}/${version}`));
    return [...this.models.values(), ...idle];
  }

  /** The versions of a model, newest first. */
  versionsOf(model: string): ConsoleModel[] {
    const versions = this.all.filter((each) => each.model === model);
    return versions.toSorted((one, other) => Number(other.version) - Number(one.version));
  }

  /** The last minutes of a version; undefined if it has had no requests. */
  historyOf(model: string, version: string): History | undefined {
    return this.histories.get(`${model}/${version}`);
  }

  get hasKey(): boolean {
    return this.api.hasKey;
  }

  get isAdmin(): boolean {
    return this.caller?.scopes.includes('admin') ?? false;
  }

  /** Uses `key` and connects again. */
  unlock(key: string | undefined): void {
    this.api.useKey(key);
    this.failures = 0;
    this.clear();
    this.connect();
  }

  /** Connects now, and again after every failure. */
  connect(): void {
    clearTimeout(this.pause);
    this.attempt?.abort();
    const attempt = new AbortController();
    this.attempt = attempt;
    if (this.status !== 'disconnected') this.become('connecting', undefined);
    void this.read(attempt).catch((error: unknown) => {
      if (this.attempt === attempt) this.failed(error);
    });
  }

  /** Forgets all that was read with the last key. */
  private clear(): void {
    this.caller = undefined;
    this.gateway = undefined;
    this.models.clear();
    this.idle = [];
    this.histories.clear();
    this.total.clear();
    this.errors = [];
    this.usage = [];
  }

  private async read(attempt: AbortController): Promise<void> {
    let silence: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      clearTimeout(silence);
      silence = setTimeout(() => attempt.abort(), SILENCE_MS);
    };
    try {
      watch();
      const { body } = await this.api.send({ method: 'GET', path: 'v1/console/events' }, attempt.signal);
      for await (const { event, data } of eventsOf(body!)) {
        if (this.attempt !== attempt) return;
        watch();
        if (event === 'snapshot' || event === 'changes')
          this.apply(JSON.parse(data) as ConsoleSnapshot, event === 'snapshot');
      }
    } finally {
      clearTimeout(silence);
    }
    throw new ApiError('The gateway closed the connection.', 0, 'closed', '');
  }

  private failed(error: unknown): void {
    const failure =
      error instanceof ApiError ? error : new ApiError('The connection was lost.', 0, 'lost', '');
    if (failure.status === 401) return this.become('locked', failure);
    if (failure.status === 403) return this.become('refused', failure);
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LONGEST_PAUSE_MS);
    this.pause = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
    this.become('disconnected', failure);
  }

  private apply(snapshot: ConsoleSnapshot, isComplete: boolean): void {
    if (isComplete) this.models.clear();
    for (const model of snapshot.models) this.models.set(`${model.model}/${model.version}`, model);
    for (const key of snapshot.removed) {
      this.models.delete(key);
      this.histories.delete(key);
    }
    this.caller = snapshot.caller;
    this.gateway = snapshot.gateway;
    this.usage = snapshot.usage;
    this.errors = isComplete ? snapshot.errors : merged(snapshot.errors, this.errors);
    this.record(snapshot.time / 1000);
    this.failures = 0;
    this.become('live', undefined);
    // What is no longer served is still in the repository.
    if (isComplete || snapshot.removed.length > 0 || snapshot.time - this.listedAt > LIST_AGAIN_MS) {
      this.listedAt = snapshot.time;
      void this.listRepository();
    }
  }

  /** Reads which versions the repository has, beside those that are served. */
  private async listRepository(): Promise<void> {
    const call = { method: 'POST', path: 'v2/repository/index', json: {} } as const;
    try {
      const entries = await this.api.json<RepositoryIndexEntry[]>(call, this.attempt?.signal);
      this.idle = entries.filter(({ state }) => state === 'UNAVAILABLE').map(idleModel);
      this.become(this.status, this.failure);
    } catch {
      // The list stays as it was: the stream says whether the gateway is there.
    }
  }

  private record(time: number): void {
    this.total.push(time, totalOf(this.models.values()));
    for (const [key, model] of this.models) {
      let history = this.histories.get(key);
      if (history === undefined && model.requests === 0 && model.queue_requests === 0) continue;
      if (history === undefined) this.histories.set(key, (history = new History()));
      history.push(time, sampleOf(model));
    }
  }

  private become(status: Status, failure: ApiError | undefined): void {
    this.status = status;
    this.failure = failure;
    for (const listener of this.listeners) listener();
  }
}

/** Errors, newest first. One that has occurred again takes the place of what was known of it. */
function merged(news: readonly ConsoleError[], known: readonly ConsoleError[]): readonly ConsoleError[] {
  if (news.length === 0) return known;
  // The gateway's processes count errors separately; ids start with the number of the process.
  const processOf = ({ id }: ConsoleError) => id.split('-')[0];
  const isSame = (one: ConsoleError, other: ConsoleError) =>
    processOf(one) === processOf(other) &&
    one.status === other.status &&
    one.code === other.code &&
    one.model === other.model &&
    one.version === other.version &&
    one.caller === other.caller;
  const others = known.filter((error) => !news.some((each) => isSame(each, error)));
  return [...news, ...others].slice(0, MAX_ERRORS);
}

/** A version that is not served. */
function idleModel({ name, version, reason }: RepositoryIndexEntry): ConsoleModel {
  return {
    model: name,
    version: version ?? '',
    state: 'UNAVAILABLE',
    reason: reason || 'unloaded',
    platform: 'onnxruntime_onnx',
    aliases: [],
    traffic: 0,
    requests_per_s: 0,
    errors_per_s: 0,
    rows_per_s: 0,
    queue_requests: 0,
    running: 0,
    requests: 0,
    errors: {},
    restarts: 0,
    targets: [],
  };
}
