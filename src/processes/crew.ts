import cluster, { type Worker } from 'node:cluster';
import type { Readable } from 'node:stream';
import { Changes } from './changes';
import { Dialogue, type CallMessage } from './dialogue';
import type {
  AskCall,
  CallsToPrimary,
  ChangeCall,
  ListeningCall,
  Ports,
  ReadCall,
  Welcome,
} from './messages';
import { Readings } from './readings';

/** First and largest pause before a process that has ended is replaced, in milliseconds. The pause doubles each time. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/** A process that has served this long starts with the first pause again when it ends. */
const STEADY_MS = 60_000;

/** Answers questions of the gateway processes. */
export interface Service {
  /** @param process of the asker. It stays the same object until {@link left}. */
  answer(question: unknown, process: object): unknown;
  /** The process has ended: what it holds is given back. */
  left(process: object): void;
}

/** Receives the events of a {@link Crew}. */
export interface CrewObserver {
  /** The first process listens, and prints `text`. */
  listening(text: string): void;
  /** All processes listen and have loaded their models; the first one prints `text`. */
  ready(text: string): void;
  /** A process has ended and is replaced after `pauseMs`. */
  died(index: number, cause: string, pauseMs: number): void;
  /** A process writes lines to `stdout`. */
  writes(stdout: Readable): void;
  /** All processes have ended: because they were told to, or because one could not start. */
  ended(exitCode: number): void;
}

/** One place in the crew. A process that ends is replaced by one with the same index. */
interface Post {
  readonly index: number;
  worker: Worker | undefined;
  startedAt: number;
  deaths: number;
  isListening: boolean;
  loadedText: string | undefined;
}

/**
 * The gateway processes that serve the same ports.
 *
 * The first process starts alone, so that a fault in the settings is reported once. The others follow when it listens, and
 * listen when they have loaded their models.
 */
export class Crew {
  private readonly posts: readonly Post[];
  private readonly changes = new Changes();
  private readonly readings = new Readings();
  private readonly timers = new Set<NodeJS.Timeout>();
  private ports: Ports | undefined;
  private hasStarted = false;
  private isStopping = false;
  private exitCode = 0;

  /**
   * @param count number of processes.
   * @param services by the name that processes ask for.
   */
  constructor(
    count: number,
    private readonly services: Readonly<Record<string, Service>>,
    private readonly observer: CrewObserver,
  ) {
    this.posts = Array.from({ length: count }, (_, index) => ({
      index,
      worker: undefined,
      startedAt: 0,
      deaths: 0,
      isListening: false,
      loadedText: undefined,
    }));
  }

  /** Starts the first process. */
  start(): void {
    this.fill(this.posts[0]!);
  }

  /** Passes `signal` on to all processes, and replaces none from now on. */
  stop(signal: 'SIGTERM' | 'SIGINT'): void {
    this.isStopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const { worker } of this.posts) worker?.process.kill(signal);
    this.endIfEmpty();
  }

  private fill(post: Post): void {
    const worker = cluster.fork();
    post.worker = worker;
    post.startedAt = performance.now();
    const { stdout } = worker.process;
    if (stdout !== null) this.observer.writes(stdout);
    const dialogue: Dialogue = new Dialogue(
      // A message to a process that has ended is lost; its end settles all calls.
      (message) => worker.isConnected() && worker.send(message, () => {}),
      (method, argument): unknown => this.answer(post, member, method as keyof CallsToPrimary, argument),
    );
    const member = {
      index: post.index,
      call: (method: string, argument: unknown): Promise<unknown> => dialogue.call(method, argument),
    };
    // Its end follows.
    worker.on('error', () => {});
    worker.on('message', (message: CallMessage) => dialogue.receive(message));
    worker.process.once('close', (code, signal) => {
      this.changes.leave(member);
      this.readings.leave(member);
      for (const service of Object.values(this.services)) service.left(member);
      dialogue.end();
      post.worker = undefined;
      post.isListening = false;
      this.lost(post, code, signal);
    });
  }

  private answer(
    post: Post,
    member: { readonly index: number; call(method: string, argument: unknown): Promise<unknown> },
    method: keyof CallsToPrimary,
    argument: unknown,
  ): unknown {
    switch (method) {
      case 'hello':
        return { index: post.index, ports: this.ports, isFirst: !this.hasListened } satisfies Welcome;
      case 'join':
        this.readings.join(member);
        return this.changes.join(member);
      case 'listening':
        return this.listens(post, argument as ListeningCall);
      case 'loaded':
        post.loadedText = argument as string;
        return this.checkReady();
      case 'change':
        return this.changes.make(argument as ChangeCall);
      case 'gather':
        return this.readings.gather(argument as ReadCall);
      case 'ask': {
        const { service, question } = argument as AskCall;
        return this.services[service]!.answer(question, member);
      }
    }
  }

  private get hasListened(): boolean {
    return this.posts.some(({ isListening }) => isListening);
  }

  private listens(post: Post, { text, ports }: ListeningCall): void {
    const isFirst = !this.hasStarted && !this.hasListened;
    post.isListening = true;
    this.ports = ports;
    if (isFirst) {
      this.observer.listening(text);
      for (const other of this.posts) if (other.worker === undefined && !this.isStopping) this.fill(other);
    }
    this.checkReady();
  }

  private checkReady(): void {
    const { loadedText } = this.posts[0]!;
    const isReady = loadedText !== undefined && this.posts.every(({ isListening }) => isListening);
    if (this.hasStarted || !isReady) return;
    this.hasStarted = true;
    this.observer.ready(loadedText);
  }

  private lost(post: Post, code: number | null, signal: string | null): void {
    const cause = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    if (!this.hasStarted && !this.isStopping) {
      // It has printed the reason. A process that was killed has not.
      this.exitCode = code || 1;
      if (signal !== null) this.observer.died(post.index, cause, Infinity);
      this.stop('SIGINT');
    }
    if (this.isStopping) {
      this.exitCode ||= code ?? 0;
      return this.endIfEmpty();
    }
    post.deaths = performance.now() - post.startedAt > STEADY_MS ? 0 : post.deaths;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** post.deaths++);
    this.observer.died(post.index, cause, pauseMs);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.fill(post);
    }, pauseMs);
    this.timers.add(timer);
  }

  private endIfEmpty(): void {
    if (this.isStopping && this.posts.every(({ worker }) => worker === undefined))
      this.observer.ended(this.exitCode);
  }
}
