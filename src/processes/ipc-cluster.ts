import { Logger } from '@nestjs/common';
import { Cluster, type Gathered, type SharedChange } from '../common/cluster';
import type { AdoptCall, CallsToPrimary, DecideCall, Decided, HelloReply, Ports, ReadCall } from './messages';
import { RpcChannel, type RpcMessage } from './rpc-channel';

type AnyChange = SharedChange<unknown[], unknown, unknown>;

/** The gateway processes when NEXUS_PROCESSES is above 1. Each communicates only with the primary process. */
export class IpcCluster extends Cluster {
  index = 0;
  /** The ports to listen on; undefined if the settings decide. */
  ports: Ports | undefined;
  /** Whether no process has listened yet. */
  isFirst = true;
  private readonly logger = new Logger('Processes');
  private readonly changes = new Map<string, AnyChange>();
  private readonly readers = new Map<string, (argument: unknown) => unknown>();
  private readonly channel = new RpcChannel(
    // The process ends when the channel closes.
    (message) => process.connected && process.send!(message, undefined, undefined, () => {}),
    (method, argument) => this.handle(method, argument),
  );
  private settleJoined!: () => void;
  /** Resolves when this process has made the earlier changes of the others. */
  private readonly joined = new Promise<void>((resolve) => (this.settleJoined = resolve));

  private constructor(readonly count: number) {
    super();
    process.on('message', (message: RpcMessage) => this.channel.receive(message));
  }

  /** Connects this process, which must be one of `count`. */
  static async connect(count: number): Promise<IpcCluster> {
    const cluster = new IpcCluster(count);
    const { index, ports, isFirst } = (await cluster.call('hello', undefined)) as HelloReply;
    cluster.index = index;
    cluster.ports = ports;
    cluster.isFirst = isFirst;
    return cluster;
  }

  /** Makes the earlier changes of the other processes. Call it before this process serves. */
  async join(): Promise<void> {
    const made = (await this.call('join', undefined)) as readonly AdoptCall[];
    for (const { name, state } of made)
      try {
        await this.changes.get(name)!.adopt(state);
      } catch (error) {
        this.logger.error({
          msg: `cannot repeat a change that other processes made: ${name}`,
          err: error as Error,
        });
      }
    this.settleJoined();
  }

  /** Reports that this process listens on `ports`. `text` is printed for the first process. */
  async listening(text: string, ports: Ports): Promise<void> {
    await this.call('listening', { text, ports });
  }

  /** Reports that the models have been loaded. `text` is printed for process 0. */
  async loaded(text: string): Promise<void> {
    await this.call('loaded', text);
  }

  everywhere<Args extends unknown[], Result, State>(
    change: SharedChange<Args, Result, State>,
  ): (...args: Args) => Promise<Result> {
    const { name, subject } = change;
    this.changes.set(name, change as unknown as AnyChange);
    return (...args) => this.call('change', { name, subject: subject(args), args }) as Promise<Result>;
  }

  gather<T, Argument = void>(
    name: string,
    read: (argument: Argument) => T | Promise<T>,
  ): (argument: Argument) => Promise<Gathered<T>> {
    this.readers.set(name, read as (argument: unknown) => unknown);
    return (argument) => this.call('gather', { name, argument }) as Promise<Gathered<T>>;
  }

  ask(service: string, request: unknown): Promise<unknown> {
    return this.call('ask', { service, request });
  }

  private call<Method extends keyof CallsToPrimary>(
    method: Method,
    argument: CallsToPrimary[Method],
  ): Promise<unknown> {
    return this.channel.call(method, argument);
  }

  private handle(method: string, argument: unknown): unknown {
    if (method === 'read') {
      const call = argument as ReadCall;
      return this.readers.get(call.name)!(call.argument);
    }
    return method === 'decide' ? this.decide(argument as DecideCall) : this.adopt(argument as AdoptCall);
  }

  private async decide({ name, args }: DecideCall): Promise<Decided> {
    await this.joined;
    const { decide, isInitial } = this.changes.get(name)!;
    const [result, state] = await decide(...args);
    return { result, state, isInitial: isInitial?.(state) ?? false };
  }

  private async adopt({ name, state }: AdoptCall): Promise<void> {
    await this.joined;
    try {
      await this.changes.get(name)!.adopt(state);
    } catch (error) {
      this.logger.error({
        msg: `cannot make a change that another process made: ${name}`,
        err: error as Error,
      });
      throw error;
    }
  }
}
