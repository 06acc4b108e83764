import { errors } from '../common/errors';
import { NexusError } from '../common/nexus-error';
import { Gone } from './dialogue';
import type { AdoptCall, ChangeCall, Decided } from './messages';

/** A process that makes changes. */
export interface CrewMember {
  /** Number of the process, from 0. */
  readonly index: number;
  /** @throws Gone, or the error of the process. */
  call(method: 'decide' | 'adopt', argument: unknown): Promise<unknown>;
}

/** A change that was made, for processes that start later. */
interface Made extends AdoptCall {
  readonly subject: readonly string[];
}

/** A change is tried by at most this many processes, because it may be what ends them. */
const MAX_DECIDERS = 2;

/** Makes changes in all processes, and remembers the states that result from them. */
export class Changes {
  private readonly members = new Set<CrewMember>();
  private made: Made[] = [];
  /** The last change of each queue. */
  private readonly queues = new Map<string, Promise<unknown>>();

  /** Adds `member`, which makes all changes from now on. Returns those that were made before, in their order. */
  join(member: CrewMember): readonly AdoptCall[] {
    this.members.add(member);
    return this.made.map(({ name, state }) => ({ name, state }));
  }

  /** Removes a member that has ended. */
  leave(member: CrewMember): void {
    this.members.delete(member);
  }

  /** Makes a change in all members. @throws as Siblings.everywhere. */
  make(change: ChangeCall): Promise<unknown> {
    const queue = queueOf(change.subject);
    const earlier = this.queues.get(queue) ?? Promise.resolve();
    const making = earlier.then(
      () => this.makeNow(change),
      () => this.makeNow(change),
    );
    this.queues.set(queue, making);
    return making.finally(() => this.queues.get(queue) === making && this.queues.delete(queue));
  }

  private async makeNow({ name, subject, args }: ChangeCall): Promise<unknown> {
    const [decider, { result, state, isInitial }] = await this.decide(name, args);
    this.made = this.made.filter((other) => !subject.every((part, index) => other.subject[index] === part));
    if (!isInitial) this.made.push({ name, state, subject });
    // In this turn, so that a process that joins later finds the change among those that were made.
    const others = [...this.members].filter((member) => member !== decider);
    const adoptions = others.map((member) => adopt(member, { name, state }));
    const faults = (await Promise.all(adoptions)).filter((fault) => fault !== undefined);
    if (faults.length > 0) throw errors.changedInPart(faults);
    return result;
  }

  private async decide(name: string, args: readonly unknown[]): Promise<readonly [CrewMember, Decided]> {
    for (let tries = 0; tries < MAX_DECIDERS; tries++) {
      const [decider] = [...this.members].toSorted((one, other) => one.index - other.index);
      if (decider === undefined) break;
      try {
        return [decider, (await decider.call('decide', { name, args })) as Decided];
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
        this.members.delete(decider);
      }
    }
    throw errors.processEnded();
  }
}

/** Resolves with why `member` could not adopt the change; undefined if it has, or has ended: its successor will. */
async function adopt(member: CrewMember, change: AdoptCall): Promise<string | undefined> {
  try {
    await member.call('adopt', change);
    return undefined;
  } catch (error) {
    if (error instanceof Gone) return undefined;
    const reason =
      error instanceof NexusError ? error.message : 'internal error; look it up in the server log';
    return `process ${member.index}: ${reason}`;
  }
}

function queueOf([kind, name]: readonly string[]): string {
  return kind === 'model' ? `model ${name}` : String(kind);
}
