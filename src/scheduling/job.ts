import type { RunTimes } from '../common/run-times';
import type { Trace } from '../common/trace';
import type { TextOptions } from '../tasks/text/text-options';
import type { Tensor } from '../tensor/tensor';

/** Dimension 1 of the inputs of a job. */
export interface Sequence {
  /** Its size: the number of tokens. */
  readonly length: number;
  /** The number that fills each input, in their order. */
  readonly fills: readonly number[];
}

/** One request as the scheduler sees it: validated, its inputs in the model's order. */
export interface Job {
  readonly inputs: readonly Tensor[];
  /** Names of the requested outputs, in the order of the response. */
  readonly outputs: readonly string[];
  /** First dimension of every input; 1 if the model does not batch. */
  readonly rows: number;
  readonly byteLength: number;
  /** Requests with the same key can share a run, because their rows have the same shapes. */
  readonly shapeKey: string;
  /**
   * For a job of one row whose inputs have a variable dimension 1. Jobs of one shape key may then differ in it; the inputs
   * of a batch are padded to its longest. Outputs keep the length of the batch.
   */
  readonly sequence?: Sequence;
  /** Identifies the client. The time of the model is shared fairly between callers. */
  readonly caller: string;
  /** Priority level; lower numbers run first. */
  readonly priority: number;
  /** Deadline on the clock of the scheduler, in milliseconds; Infinity for none. */
  readonly deadline: number;
  /** Keeps requests of one session on one server, if other servers run the model; undefined without a session. */
  readonly session?: string | undefined;
  /** What the request sets for its texts. */
  readonly text?: TextOptions | undefined;
  /**
   * Called with the number of tokens of a job of texts, before it is queued; by each step of a pipeline that reads texts. A
   * rejection refuses the job.
   */
  readonly weigh?: ((tokens: number) => void | Promise<void>) | undefined;
  /**
   * Charges the request for so many bytes more of an answer of another server, as they arrive. Called with a negative number
   * when an attempt has failed, which always succeeds. @throws NexusError memory_busy, which refuses the job.
   */
  readonly charge?: ((bytes: number) => void) | undefined;
  /** Returns true once the client has disconnected. Checked when a batch is formed. */
  readonly abandoned: (() => boolean) | undefined;
  /** True for a job that no client sent: it shares no batch with requests, and no metric counts it. */
  readonly uncounted?: boolean;
  /** Where its waits and runs are recorded; undefined for most jobs. */
  readonly trace?: Trace | undefined;
}

/** The result of a job. Times are in milliseconds, summed over all runs of the job. */
export interface JobResult extends RunTimes {
  readonly outputs: readonly Tensor[];
  readonly queueMs: number;
  /** The server that ran it, if another server did. */
  readonly target?: string;
}

/** A job in flight, with its parts. Settles the promise of the job. */
export class Ticket {
  settled = false;
  parts: readonly Part[];
  /** Outputs of each part, by part index. */
  readonly results: (readonly Tensor[])[] = [];
  queueMs = 0;
  /** Since when it has waited for a run; for {@link Job.trace}. */
  waitsSince: number;
  private inputMs = 0;
  private runMs = 0;
  private outputMs = 0;
  private done = 0;

  constructor(
    readonly job: Job,
    readonly enqueuedAt: number,
    /** Cost for estimates of time: tokens if the model has a limit of tokens, otherwise rows. */
    readonly work: number,
    maxRows: number,
    private readonly resolve: (result: JobResult) => void,
    private readonly rejectPromise: (error: unknown) => void,
  ) {
    const parts = [new Part(this, 0, 0, Math.min(maxRows, job.rows))];
    for (let first = maxRows; first < job.rows; first += maxRows)
      parts.push(new Part(this, parts.length, first, Math.min(maxRows, job.rows - first)));
    this.parts = parts;
    this.waitsSince = enqueuedAt;
  }

  /** Its first part starts to run. Returns the time in milliseconds that it has waited. */
  start(now: number): number {
    return (this.queueMs = now - this.enqueuedAt);
  }

  /** Merges the job into one part again. Drops the results of its parts. */
  rejoin(): Part {
    const whole = new Part(this, 0, 0, this.job.rows);
    this.parts = [whole];
    this.results.length = this.done = 0;
    return whole;
  }

  /** Stores the outputs of one part. The last part resolves the job with the outputs that `join` returns. */
  complete(
    part: Part,
    outputs: readonly Tensor[],
    { inputMs, runMs, outputMs }: RunTimes,
    join: (ticket: Ticket) => readonly Tensor[],
  ): void {
    // Ignore parts from before the job was rejoined.
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

/** Consecutive rows of a job: all of them, unless the job is larger than a batch may be. */
export class Part {
  /** Start tag in the virtual time of fair queueing; set when the part is queued. */
  startTag = 0;
  /** Number of runs of this part in which the runner died. */
  deaths = 0;

  constructor(
    readonly ticket: Ticket,
    readonly index: number,
    readonly first: number,
    readonly rows: number,
  ) {}

  /** Bytes of this part, in proportion to its rows. */
  get byteLength(): number {
    const { byteLength, rows } = this.ticket.job;
    return rows === 0 ? byteLength : Math.ceil((byteLength * this.rows) / rows);
  }

  /** Its share of the work of the job. */
  get work(): number {
    const { work, job } = this.ticket;
    return work === job.rows ? this.rows : Math.ceil((work * this.rows) / job.rows);
  }
}
