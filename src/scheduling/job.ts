import type { RunTimes } from '../common/run-times';
import type { Tensor } from '../tensor/tensor';

/** One request as the scheduler sees it: validated, its inputs in the model's order. */
export interface Job {
  readonly inputs: readonly Tensor[];
  /** Names of the outputs wanted, in the order of the answer. */
  readonly outputs: readonly string[];
  /** First dimension of every input; 1 where the model does not batch. */
  readonly rows: number;
  readonly byteLength: number;
  /** Requests with the same key can share a run: the shapes of their rows are the same. */
  readonly shapeKey: string;
  /** Who asks: the time of the model is shared fairly between callers. */
  readonly caller: string;
  /** Priority level: the lower the number, the sooner it runs. */
  readonly priority: number;
  /** Moment on the scheduler's clock (ms) after which the answer is of no use; Infinity for none. */
  readonly deadline: number;
  /** True once the client has left. Asked when a batch is formed. */
  readonly abandoned: (() => boolean) | undefined;
  /** True for a job that no client asked for: it shares no batch with requests, and no metric counts it. */
  readonly uncounted?: boolean;
}

/** The outcome of a job. Times in milliseconds; those of several runs are added up. */
export interface JobResult extends RunTimes {
  readonly outputs: readonly Tensor[];
  readonly queueMs: number;
}

/** A job in flight: its parts, and the promise that it settles. */
export class Ticket {
  settled = false;
  parts: readonly Part[];
  /** Outputs of each part, by its index. */
  readonly results: (readonly Tensor[])[] = [];
  queueMs = 0;
  private inputMs = 0;
  private runMs = 0;
  private outputMs = 0;
  private done = 0;

  constructor(
    readonly job: Job,
    readonly enqueuedAt: number,
    maxRows: number,
    private readonly resolve: (result: JobResult) => void,
    private readonly rejectPromise: (error: unknown) => void,
  ) {
    const parts = [new Part(this, 0, 0, Math.min(maxRows, job.rows))];
    for (let first = maxRows; first < job.rows; first += maxRows)
      parts.push(new Part(this, parts.length, first, Math.min(maxRows, job.rows - first)));
    this.parts = parts;
  }

  /** Makes the job one part again. Results of its parts so far are dropped. */
  rejoin(): Part {
    const whole = new Part(this, 0, 0, this.job.rows);
    this.parts = [whole];
    this.results.length = this.done = 0;
    return whole;
  }

  /** Takes the outputs of one part; the last part settles the job, its outputs joined by `join`. */
  complete(
    part: Part,
    outputs: readonly Tensor[],
    { inputMs, runMs, outputMs }: RunTimes,
    join: (ticket: Ticket) => readonly Tensor[],
  ): void {
    // A part from before the job was rejoined is of no use.
    if (this.settled || this.parts[part.index] !== part) return;
    this.results[part.index] = outputs;
    this.inputMs += inputMs;
    this.runMs += runMs;
    this.outputMs += outputMs;
    if (++this.done < this.parts.length) return;
    try {
      const whole = this.parts.length === 1 ? outputs : join(this);
      this.settled = true;
      const times = { inputMs: this.inputMs, runMs: this.runMs, outputMs: this.outputMs };
      this.resolve({ outputs: whole, queueMs: this.queueMs, ...times });
    } catch (error) {
      this.reject(error);
    }
  }

  /** Fails the whole job. Later results of its parts are ignored. */
  reject(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.rejectPromise(error);
  }
}

/** Some consecutive rows of a job: all of them, unless it is larger than a batch may be. */
export class Part {
  /** In the virtual time of fair queueing; set when it is enqueued. */
  startTag = 0;
  /** Runs of this part in which the runner died. */
  deaths = 0;

  constructor(
    readonly ticket: Ticket,
    readonly index: number,
    readonly first: number,
    readonly rows: number,
  ) {}

  /** This part's share of the bytes of the job. */
  get byteLength(): number {
    const { byteLength, rows } = this.ticket.job;
    return rows === 0 ? byteLength : Math.ceil((byteLength * this.rows) / rows);
  }
}
