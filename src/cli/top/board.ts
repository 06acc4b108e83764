import type { ConsoleModel, ConsoleSnapshot } from '../../console/console.dto';
import type { ServerEvent } from './events';

/** What the gateway last reported. */
export class Board {
  private last: ConsoleSnapshot | undefined;
  private readonly byName = new Map<string, ConsoleModel>();

  /** Takes an event of the stream: a complete snapshot, or the changes since the last event. Skips others. */
  take({ event, data }: ServerEvent): void {
    if (event !== 'snapshot' && event !== 'changes') return;
    const snapshot = JSON.parse(data) as ConsoleSnapshot;
    if (event === 'snapshot') this.byName.clear();
    for (const name of snapshot.removed) this.byName.delete(name);
    for (const model of snapshot.models) this.byName.set(`${model.model}/${model.version}`, model);
    this.last = snapshot;
  }

  /** The gateway itself; undefined before the first event. */
  get gateway(): ConsoleSnapshot['gateway'] | undefined {
    return this.last?.gateway;
  }

  /** Time of the last event in milliseconds since 1970. */
  get time(): number {
    return this.last?.time ?? 0;
  }

  /** All versions of all models. */
  get models(): readonly ConsoleModel[] {
    return [...this.byName.values()];
  }
}
