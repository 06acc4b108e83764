import cluster, { type Worker } from 'node:cluster';
import type { Readable } from 'node:stream';
import { Changes } from './changes';
import { Collector } from './collector';
import type {
  AskCall,
  CallsToPrimary,
  ChangeCall,
  ClusterWorker,
  HelloReply,
  ListeningCall,
  Ports,
  ReadCall,
} from './messages';
import { RpcChannel, type RpcMessage } from './rpc-channel';

/** First and largest pause before a process that has ended is replaced, in milliseconds. The pause doubles each time. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/** A process that has served this long starts with the first pause again when it ends. */
const STEADY_MS = 60_000;

/** Handles requests of the gateway processes. */
export interface Service {
  /** @param process identifies the requesting process, until {@link processEnded}. */
  handle(request: unknown, process: object): unknown;
  /** Releases what the process holds, because it has ended. */
  processEnded(process: object): void;
}

/** Receives the events of a {@link Primary}. */
export interface PrimaryObserver {
  /** The first process listens. `text` is for people. */
  listening(text: string): void;
  /** All processes listen and have loaded their models. `text` is for people. */
  ready(text: string): void;
  /** A process has ended and is replaced after `pauseMs`. */
  died(index: number, cause: string, pauseMs: number): void;
  /** A process writes lines to `stdout`. */
  writes(stdout: Readable): void;
  /** All processes have ended, because of {@link Primary.stop} or because one could not start. */
  ended(exitCode: number): void;
}

/** The place of one gateway process. A process that ends is replaced by one with the same index. */
interface WorkerSlot {
  readonly index: number;
  worker: Worker | undefined;
  startedAt: number;
  deaths: number;
  isListening: boolean;
  loadedText: string | undefined;
}

/**
 * Starts the gateway processes, which serve the same ports, and replaces those that end.
 *
 * The first process starts alone, so that a fault in the settings is reported once. The others start when it listens. They
 * listen once they have loaded their models. Until all of them do, one that exits ends the others, because it may be such a
 * fault; one that is killed is replaced.
 */
export class Primary {
  private readonly slots: readonly WorkerSlot[];
  private readonly changes = new Changes();
  private readonly collector = new Collector();
  private readonly timers = new Set<NodeJS.Timeout>();
  private ports: Ports | undefined;
  private hasStarted = false;
  private isStopping = false;
  private exitCode = 0;

  /**
   * @param count number of processes.
   * @param services by name; see Cluster.ask.
   */
  constructor(
    count: number,
    private readonly services: Readonly<Record<string, Service>>,
    private readonly observer: PrimaryObserver,
  ) {
    this.slots = Array.from({ length: count }, (_, index) => ({
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
    this.startWorker(this.slots[0]!);
  }

  /** Sends `signal` to all processes. None is replaced from now on. */
  stop(signal: 'SIGTERM' | 'SIGINT'): void {
    this.isStopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const { worker } of this.slots) worker?.process.kill(signal);
    this.endIfEmpty();
  }

  private startWorker(slot: WorkerSlot): void {
    const worker = cluster.fork();
    slot.worker = worker;
    slot.startedAt = performance.now();
    const { stdout } = worker.process;
    if (stdout !== null) this.observer.writes(stdout);
    const channel: RpcChannel = new RpcChannel(
      // A message to a process that has ended is lost; its end settles all calls.
      (message) => worker.isConnected() && worker.send(message, () => {}),
      (method, argument): unknown => this.handle(slot, member, method as keyof CallsToPrimary, argument),
    );
    const member: ClusterWorker = {
      index: slot.index,
      call: (method, argument) => channel.call(method, argument),
    };
    // `close` follows.
    worker.on('error', () => {});
    worker.on('message', (message: RpcMessage) => channel.receive(message));
    worker.process.once('close', (code, signal) => {
      this.changes.leave(member);
      this.collector.leave(member);
      for (const service of Object.values(this.services)) service.processEnded(member);
      channel.close();
      slot.worker = undefined;
      slot.isListening = false;
      this.workerEnded(slot, code, signal);
    });
  }

  private handle(
    slot: WorkerSlot,
    member: ClusterWorker,
    method: keyof CallsToPrimary,
    argument: unknown,
  ): unknown {
    switch (method) {
      case 'hello':
        return {
          index: slot.index,
          ports: this.ports,
          isFirst: this.ports === undefined,
        } satisfies HelloReply;
      case 'join':
        this.collector.join(member);
        return this.changes.join(member);
      case 'listening':
        return this.listens(slot, argument as ListeningCall);
      case 'loaded':
        slot.loadedText = argument as string;
        return this.checkReady();
      case 'change':
        return this.changes.make(argument as ChangeCall);
      case 'gather':
        return this.collector.gather(argument as ReadCall);
      case 'ask': {
        const { service, request } = argument as AskCall;
        return this.services[service]!.handle(request, member);
      }
    }
  }

  private listens(slot: WorkerSlot, { text, ports }: ListeningCall): void {
    const isFirst = this.ports === undefined;
    slot.isListening = true;
    this.ports = ports;
    if (isFirst) {
      this.observer.listening(text);
      for (const other of this.slots) if (other !== slot && !this.isStopping) this.startWorker(other);
    }
    this.checkReady();
  }

  private checkReady(): void {
    const { loadedText } = this.slots[0]!;
    const isReady = loadedText !== undefined && this.slots.every(({ isListening }) => isListening);
    if (this.hasStarted || !isReady) return;
    this.hasStarted = true;
    this.observer.ready(loadedText);
  }

  private workerEnded(slot: WorkerSlot, code: number | null, signal: string | null): void {
    const cause = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    // A process that was killed says nothing about the settings. Others that serve must not end with it.
    const canReplace = this.hasStarted || (signal !== null && this.ports !== undefined);
    if (!canReplace && !this.isStopping) {
      // The process has printed the reason, unless it was killed.
      this.exitCode = code || 1;
      if (signal !== null) this.observer.died(slot.index, cause, Infinity);
      this.stop('SIGINT');
    }
    if (this.isStopping) {
      this.exitCode ||= code ?? 0;
      return this.endIfEmpty();
    }
    slot.deaths = performance.now() - slot.startedAt > STEADY_MS ? 0 : slot.deaths;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** slot.deaths++);
    this.observer.died(slot.index, cause, pauseMs);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.startWorker(slot);
    }, pauseMs);
    this.timers.add(timer);
  }

  private endIfEmpty(): void {
    if (this.isStopping && this.slots.every(({ worker }) => worker === undefined))
      this.observer.ended(this.exitCode);
  }
}
