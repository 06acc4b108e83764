import { failureFields, type Failure } from './failure';

/** Maximum number of different errors to remember. */
export const MAX_ERRORS = 100;

/** Requests that failed in the same way: with the same status and code, for the same model and client. */
export interface RecentError {
  /** Ascending; an error that occurs again gets a new id. */
  readonly id: number;
  /** Number of requests. */
  readonly count: number;
  /** When the last of them failed, in milliseconds since 1970; the fields below are also those of the last. */
  readonly time: number;
  readonly status: string;
  readonly code: string;
  readonly message: string;
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly caller: string;
  readonly path: string;
  readonly requestId: string;
}

/** The last requests that failed, without contents of requests. Repeats are counted, so that a flood hides no other error. */
export class RecentErrors {
  private readonly byKey = new Map<string, RecentError>();
  private lastId = 0;

  /** The errors, newest last. */
  get all(): readonly RecentError[] {
    return [...this.byKey.values()];
  }

  /** Remembers a request that failed, or was rejected. A client that disconnected is no error of the gateway. */
  add(requestId: string, status: number | string, failure: Failure): void {
    if (failure.error.kind === 'cancelled') return;
    const { model, version, code, message, caller, path } = failureFields(failure);
    const key = JSON.stringify([status, code, model, version, caller]);
    const count = (this.byKey.get(key)?.count ?? 0) + 1;
    // Moves it to the end of the map.
    this.byKey.delete(key);
    this.byKey.set(key, {
      id: ++this.lastId,
      count,
      time: Date.now(),
      status: String(status),
      code,
      message,
      model,
      version,
      caller,
      path,
      requestId,
    });
    if (this.byKey.size > MAX_ERRORS) this.forgetOne();
  }

  /** Forgets the oldest error of the client that has most: one that invents names of models hides no errors of others. */
  private forgetOne(): void {
    const byCaller = Map.groupBy(this.byKey, ([, { caller }]) => caller);
    const most = [...byCaller.values()].reduce((one, other) => (other.length > one.length ? other : one));
    this.byKey.delete(most[0]![0]);
  }
}
