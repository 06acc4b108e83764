import { Semaphore } from '../common/semaphore';
import type { JsonLines } from './json-lines';
import type { FromRunner, ToRunner } from './messages';
import { residentBytes } from './resident-memory';
import { RunFailure } from './run-failure';
import { unstarted, type RunnerEnd } from './runner-end';
import { Slab } from './slab';
import { Spawner, type Spawned } from './spawner/spawner';

/** A failed run leaks about 2.4 kB of native memory in ONNX Runtime 1.30: this many are some 5 MB. */
const FAILURES_OF_A_LIFE = 2000;

const spawner = new Spawner();

/**
 * The gateway's side of a process that holds sessions and does one thing at a time. Nothing that happens in it, a
 * hang or a crash, reaches the gateway as more than a rejected {@link ask} and {@link exited}.
 */
export class RunnerProcess {
  /** Settles when the process has ended, however it came about. */
  readonly exited: Promise<RunnerEnd>;
  /** Resolves when so many runs have failed that the native memory they leaked is worth a new process. */
  readonly worn: Promise<undefined>;
  /** Tensors lie here on their way. Belongs to the work that runs {@link exclusively}. Undefined when it could not be opened. */
  readonly slab: Slab | undefined;
  /** Why it has ended, or is about to; undefined while it is of use. */
  ending: RunnerEnd | undefined;
  isWorn = false;
  /** The session that it works for, or did when it ended. */
  worksFor: number | undefined;

  private readonly spawned: Spawned | undefined;
  private channel: JsonLines | undefined;
  private pid: number | undefined;
  /** Its sessions, and the bytes that loading each took. */
  private readonly sessions = new Map<number, number>();
  private readonly mutex = new Semaphore(1);
  private opened = 0;
  private answer: ((message: FromRunner) => void) | undefined;
  private fail: ((failure: RunFailure) => void) | undefined;
  /** What was asked before the process was there. */
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

  /** How many sessions there are in it. */
  get size(): number {
    return this.sessions.size;
  }

  /** A number for one more session. */
  open(): number {
    const session = ++this.opened;
    this.sessions.set(session, 1);
    return session;
  }

  /** `session` has been loaded, which took so many bytes. */
  loaded(session: number, bytes: number): void {
    // It may have been given up meanwhile. One that took nothing that can be seen has a share still.
    if (this.sessions.has(session)) this.sessions.set(session, Math.max(1, bytes));
  }

  /** Gives `session` up. The process ends with the last one. */
  async close(session: number, limitMs: number): Promise<void> {
    if (!this.sessions.delete(session)) return;
    if (this.size === 0) return this.stop();
    const release = () => this.ask({ type: 'release', session }, limitMs, 'a session could not be released');
    // One that has ended meanwhile holds nothing.
    await this.exclusively(release).catch(() => {});
  }

  /** Runs `work` once all work that came before it has ended. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.mutex.run(work);
  }

  /** Sends `message`, and resolves with the answer to it. One at a time. @throws RunFailure */
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

  /** One more run has failed in it. */
  countFailure(): void {
    if (++this.failures !== FAILURES_OF_A_LIFE) return;
    this.isWorn = true;
    this.wearOut();
  }

  /**
   * Resident memory that `session` accounts for, in bytes: that of the process, divided as loading the sessions took it.
   * Undefined when the process has ended.
   */
  async bytesOf(session: number): Promise<number | undefined> {
    const bytes = this.pid === undefined ? undefined : await residentBytes(this.pid);
    const own = this.sessions.get(session);
    if (bytes === undefined || own === undefined) return undefined;
    const all = [...this.sessions.values()].reduce((sum, size) => sum + size);
    return Math.round((bytes * own) / all);
  }

  /** Ends the process at once, as nothing else can end a run. Resolves when it is gone. */
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
