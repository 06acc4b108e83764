import { Semaphore } from '../common/semaphore';
import type { JsonLines } from './json-lines';
import type { FromRunner, ToRunner } from './messages';
import { residentBytes } from './resident-memory';
import { RunFailure } from './run-failure';
import { unstarted, type RunnerEnd } from './runner-end';
import { Slab } from './slab';
import { Spawner, type Spawned } from './spawner/spawner';

/** A failed run leaks about 2.4 kB of native memory in ONNX Runtime 1.30, so this many leak about 5 MB. */
const MAX_FAILED_RUNS = 2000;

const spawner = new Spawner();

/**
 * Gateway side of a process that holds sessions and does one thing at a time. A hang or crash of the process only
 * rejects {@link ask} and settles {@link exited}.
 */
export class RunnerProcess {
  /** Resolves when the process has ended, for any reason. */
  readonly exited: Promise<RunnerEnd>;
  /** Resolves when failed runs have leaked enough native memory to justify a new process. */
  readonly worn: Promise<undefined>;
  /** Transfers tensors. Use it only within {@link exclusively}. Undefined if it could not be opened. */
  readonly slab: Slab | undefined;
  /** Why the process has ended or is about to end; undefined while it is usable. */
  ending: RunnerEnd | undefined;
  isWorn = false;
  /** The session that the process works for, or worked for when it ended. */
  worksFor: number | undefined;

  private readonly spawned: Spawned | undefined;
  private channel: JsonLines | undefined;
  private pid: number | undefined;
  /** Open sessions, with the bytes that loading each one took. */
  private readonly sessions = new Map<number, number>();
  private readonly mutex = new Semaphore(1);
  private opened = 0;
  private answer: ((message: FromRunner) => void) | undefined;
  private fail: ((failure: RunFailure) => void) | undefined;
  /** Message that waits for the process to connect. */
  private waiting: ToRunner | undefined;
  private end!: (end: RunnerEnd) => void;
  private failures = 0;
  private wearOut!: () => void;

  /** @param label shown in the process title, e.g. `digits/1`. */
  constructor(label: string) {
    this.exited = new Promise((resolve) => (this.end = resolve));
    this.worn = new Promise((resolve) => (this.wearOut = () => resolve(undefined)));
    try {
      this.slab = Slab.open();
      this.spawned = spawner.spawn(label, this.slab.path, {
        started: (pid) => (this.pid = pid),
        connected: (channel) => this.connected(channel),
        received: (message) => this.answer?.(message as FromRunner),
        ended: (end) => this.ended(end),
      });
    } catch (error) {
      this.ended(unstarted(error));
    }
  }

  /** Number of open sessions. */
  get size(): number {
    return this.sessions.size;
  }

  /** Opens a session and returns its number. */
  open(): number {
    const session = ++this.opened;
    this.sessions.set(session, 1);
    return session;
  }

  /** Records that loading `session` took `bytes` bytes. */
  loaded(session: number, bytes: number): void {
    // The session may have been closed meanwhile. One with no measurable size still gets a share.
    if (this.sessions.has(session)) this.sessions.set(session, Math.max(1, bytes));
  }

  /** Closes `session`. Stops the process if it was the last one. */
  async close(session: number, limitMs: number): Promise<void> {
    if (!this.sessions.delete(session)) return;
    if (this.size === 0) return this.stop();
    const release = () =>
      this.ask({ type: 'release', session }, limitMs, 'the session was not released in time');
    // If the process has ended meanwhile, there is nothing to release.
    await this.exclusively(release).catch(() => {});
  }

  /** Runs `work` after all earlier work has ended. Settles as `work` does. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.mutex.run(work);
  }

  /**
   * Sends `message` and resolves with the response. Call it only within {@link exclusively}.
   * @param tooLong reason for the failure if there is no response after `limitMs`; the process is then killed.
   * @throws RunFailure if the process ends first.
   */
  ask(message: ToRunner, limitMs: number, tooLong: string): Promise<FromRunner> {
    return new Promise<FromRunner>((resolve, reject) => {
      if (this.ending !== undefined) return reject(new RunFailure('never_ran', this.ending.reason));
      this.worksFor = message.session;
      const timer = setTimeout(() => {
        reject(new RunFailure('timeout', tooLong));
        void this.stop(tooLong);
      }, limitMs);
      const settle = () => {
        clearTimeout(timer);
        this.answer = this.fail = undefined;
      };
      this.answer = (answer) => {
        settle();
        this.worksFor = undefined;
        resolve(answer);
      };
      this.fail = (failure) => (settle(), reject(failure));
      if (this.channel === undefined) this.waiting = message;
      else this.channel.send(message);
    });
  }

  /** Counts a failed run, for {@link worn}. */
  countFailure(): void {
    if (++this.failures !== MAX_FAILED_RUNS) return;
    this.isWorn = true;
    this.wearOut();
  }

  /**
   * Resident memory attributed to `session`, in bytes: the memory of the process, divided in proportion to what loading
   * each session took. Undefined if the process has ended.
   */
  async bytesOf(session: number): Promise<number | undefined> {
    const bytes = this.pid === undefined ? undefined : await residentBytes(this.pid);
    const own = this.sessions.get(session);
    if (bytes === undefined || own === undefined) return undefined;
    const all = [...this.sessions.values()].reduce((sum, size) => sum + size);
    return Math.round((bytes * own) / all);
  }

  /** Kills the process, because a run cannot be stopped otherwise. Resolves when it has ended. */
  async stop(reason = ''): Promise<void> {
    this.ending ??= { cause: 'own', reason };
    this.spawned?.kill();
    await this.exited;
  }

  private connected(channel: JsonLines): void {
    this.channel = channel;
    if (this.waiting !== undefined) channel.send(this.waiting);
  }

  private ended(end: RunnerEnd): void {
    const { cause, reason } = (this.ending ??= end);
    this.slab?.close();
    this.fail?.(new RunFailure(cause === 'own' ? 'died' : 'interrupted', reason));
    this.end({ cause, reason });
  }
}
