import { errors } from '../common/errors';
import { NexusError } from '../common/nexus-error';
import type { AdoptCall, ChangeCall, ClusterWorker, Decided } from './messages';
import { ChannelClosed } from './rpc-channel';

/** A change that was made, for processes that start later. */
interface Made extends AdoptCall {
  readonly subject: readonly string[];
}

/** Maximum number of processes that try to decide a change, because the change may have crashed them. */
const MAX_DECIDERS = 2;

/** Makes changes in all processes, and remembers the states that result from them. */
export class Changes {
  private readonly workers = new Set<ClusterWorker>();
  private made: Made[] = [];
  /** The last change of each queue. */
  private readonly queues = new Map<string, Promise<unknown>>();

  /** Adds `worker`, which makes all later changes. Returns the earlier ones, in order. */
  join(worker: ClusterWorker): readonly AdoptCall[] {
    this.workers.add(worker);
    return this.made.map(({ name, state }) => ({ name, state }));
  }

  /** Removes a process that has ended. */
  leave(worker: ClusterWorker): void {
    this.workers.delete(worker);
  }

  /** Makes a change in all processes. @throws as Cluster.everywhere. */
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
    // Starts synchronously: a process that joins later finds the change in `made`.
    const others = [...this.workers].filter((worker) => worker !== decider);
    const adoptions = others.map((worker) => adopt(worker, { name, state }));
    const faults = (await Promise.all(adoptions)).filter((fault) => fault !== undefined);
    if (faults.length > 0) throw errors.changedInPart(faults);
    return result;
  }

  private async decide(name: string, args: readonly unknown[]): Promise<readonly [ClusterWorker, Decided]> {
    for (let tries = 0; tries < MAX_DECIDERS; tries++) {
      const [decider] = [...this.workers].toSorted((one, other) => one.index - other.index);
      if (decider === undefined) break;
      try {
        return [decider, (await decider.call('decide', { name, args })) as Decided];
      } catch (error) {
        if (!(error instanceof ChannelClosed)) throw error;
        this.workers.delete(decider);
      }
    }
    throw errors.processEnded();
  }
}

/** Resolves with why `worker` could not adopt the change; undefined if it did or has ended, because its replacement will. */
async function adopt(worker: ClusterWorker, change: AdoptCall): Promise<string | undefined> {
  try {
    await worker.call('adopt', change);
    return undefined;
  } catch (error) {
    if (error instanceof ChannelClosed) return undefined;
    const reason =
      error instanceof NexusError ? error.message : 'internal error; look it up in the server log';
    return `process ${worker.index}: ${reason}`;
  }
}

function queueOf([kind, name]: readonly string[]): string {
  return kind === 'model' ? `model ${name}` : String(kind);
}
