import { Logger } from '@nestjs/common';
import { Siblings, type Gathered, type SharedChange } from '../common/siblings';
import { Dialogue, type CallMessage } from './dialogue';
import type { AdoptCall, CallsToPrimary, DecideCall, Decided, Ports, ReadCall, Welcome } from './messages';

type AnyChange = SharedChange<unknown[], unknown, unknown>;

/** The processes of a gateway with NEXUS_PROCESSES above 1, as one of them sees them. */
export class IpcSiblings extends Siblings {
  private readonly logger = new Logger('Processes');
  private readonly changes = new Map<string, AnyChange>();
  private readonly readers = new Map<string, (argument: unknown) => unknown>();
  private readonly dialogue = new Dialogue(
    // The process ends when the channel closes.
    (message) => process.connected && process.send!(message, undefined, undefined, () => {}),
    (method, argument) => this.answer(method, argument),
  );
  private settleJoined!: () => void;
  /** Resolves when the changes that were made before are made here. */
  private readonly joined = new Promise<void>((resolve) => (this.settleJoined = resolve));

  private constructor(readonly count: number) {
    super();
    process.on('message', (message: CallMessage) => this.dialogue.receive(message));
  }

  index = 0;
  /** The ports to listen on; undefined if the settings decide. */
  ports: Ports | undefined;
  /** Whether no other process listens. */
  isFirst = true;

  /** Connects this process, which must be one of `count`. */
  static async connect(count: number): Promise<IpcSiblings> {
    const siblings = new IpcSiblings(count);
    const { index, ports, isFirst } = (await siblings.call('hello', undefined)) as Welcome;
    siblings.index = index;
    siblings.ports = ports;
    siblings.isFirst = isFirst;
    return siblings;
  }

  /** Makes the changes that the other processes have made before. Call it before the process serves. */
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

  /** Reports that this process listens on `ports`. The first one prints `text`. */
  async listening(text: string, ports: Ports): Promise<void> {
    await this.call('listening', { text, ports });
  }

  /** Reports that the models have been loaded. The first process prints `text`. */
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

  ask(service: string, question: unknown): Promise<unknown> {
    return this.call('ask', { service, question });
  }

  private call<Method extends keyof CallsToPrimary>(
    method: Method,
    argument: CallsToPrimary[Method],
  ): Promise<unknown> {
    return this.dialogue.call(method, argument);
  }

  private answer(method: string, argument: unknown): unknown {
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
