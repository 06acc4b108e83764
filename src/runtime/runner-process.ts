import { Semaphore } from '../common/semaphore';
import { PendingCalls, type PendingCall } from './pending-calls';
import type { Channel } from './channel';
import { MalformedFrame, type Frame } from './frames';
import { decodeFromRunner, encodeMessage, MESSAGE_BYTES } from './message-frames';
import type { FromRunner, LoadMessage, NamesMessage, ReleaseMessage } from './messages';
import { residentBytes } from './resident-memory';
import { RunFailure } from './run-failure';
import { unstarted, type RunnerEnd } from './runner-end';
import { Slab } from './slab';
import { Spawner, type Spawned } from './spawner/spawner';

/** A failed run leaks about 2.4 kB of native memory in ONNX Runtime 1.30, so this many leak about 5 MB. */
const MAX_FAILED_RUNS = 2000;

const spawner = new Spawner();

/**
 * Gateway side of a process that holds sessions and does one thing at a time, in order. A hang or crash of the process
 * only rejects {@link call} and settles {@link exited}.
 */
export class RunnerProcess {
  /** Resolves when the process has ended, for any reason. */
  readonly exited: Promise<RunnerEnd>;
  /** Resolves when failed runs have leaked enough native memory to justify a new process. */
  readonly worn: Promise<undefined>;
  /** Transfers large tensors. Use it only within {@link exclusively}. Undefined if it could not be opened. */
  readonly slab: Slab | undefined;
  /** Why the process has ended or is about to end; undefined while it is usable. */
  ending: RunnerEnd | undefined;
  isWorn = false;
  /** The session that the process worked for when it ended or exceeded a time limit. */
  workedFor: number | undefined;

  private readonly spawned: Spawned | undefined;
  private channel: Channel | undefined;
  private pid: number | undefined;
  /** Open sessions, with the bytes that loading each one took. */
  private readonly sessions = new Map<number, number>();
  private readonly mutex = new Semaphore(1);
  private opened = 0;
  private readonly calls = new PendingCalls(({ session, tooLong }) => {
    this.workedFor = session;
    void this.stop(tooLong);
  });
  /** Encodes messages that the channel sends at once. */
  private readonly buffer = Buffer.allocUnsafeSlow(MESSAGE_BYTES);
  /** Messages that wait for the process to start. */
  private waiting: Uint8Array[] = [];
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
        started: (pid, channel) => this.started(pid, channel),
        received: (frame) => this.received(frame),
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
    // If the process has ended meanwhile, there is nothing to release.
    const message = { type: 'release', session } as const;
    await this.request(message, limitMs, 'the session was not released in time').catch(() => {});
  }

  /** Runs `work` after all earlier work has ended. Settles as `work` does. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.mutex.run(work);
  }

  /**
   * Sends `message` and resolves with the response.
   * @param tooLong reason for the failure if the process works on it for longer than `limitMs`; it is then killed.
   * @throws RunFailure if the process ends first.
   */
  request(message: LoadMessage | ReleaseMessage, limitMs: number, tooLong: string): Promise<FromRunner> {
    const { session } = message;
    return new Promise((resolve, reject) => {
      this.call(
        { session, limitMs, tooLong, outputs: [], outputOffset: 0, resolve, reject },
        encodeMessage(message),
      );
    });
  }

  /** Sends `frame`. Settles `call` with the response. */
  call(call: PendingCall, frame: Uint8Array): void {
    if (this.ending !== undefined) return call.reject(new RunFailure('never_ran', this.ending.reason));
    this.calls.add(call);
    this.send(frame);
  }

  /** Names the inputs and outputs of the next runs of a session. */
  name(message: Omit<NamesMessage, 'type'>): void {
    this.send(encodeMessage({ type: 'names', ...message }));
  }

  /** Buffer for the next message, if it is free; see {@link encodeRun}. */
  get space(): Buffer | undefined {
    return this.channel === undefined || this.channel.isSending ? undefined : this.buffer;
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

  private send(frame: Uint8Array): void {
    if (this.channel === undefined) this.waiting.push(frame);
    else this.channel.send(frame);
  }

  private started(pid: number, channel: Channel): void {
    this.pid = pid;
    this.channel = channel;
    for (const frame of this.waiting.splice(0)) channel.send(frame);
  }

  /** @throws MalformedFrame */
  private received(frame: Frame): void {
    const { current } = this.calls;
    if (current === undefined) throw new MalformedFrame('a response without a request');
    this.calls.answered(decodeFromRunner(frame, current.outputs, current.outputOffset));
  }

  private ended(end: RunnerEnd): void {
    const { cause, reason } = (this.ending ??= end);
    this.slab?.close();
    this.workedFor ??= this.calls.current?.session;
    this.calls.end(cause === 'own' ? 'died' : 'interrupted', reason);
    this.end({ cause, reason });
  }
}
