import type { ConsoleError, ConsoleGateway, ConsoleModel, ConsoleUsage } from './console.dto';
import type { Caller } from '../identity/caller';
import { SCOPES } from '../identity/scope';

/** A version in a frame. */
export interface FramedModel {
  readonly model: string;
  /** The JSON of a {@link ConsoleModel}, with and without its targets. */
  readonly complete: string;
  readonly withoutTargets: string;
  /** Whether it differs from the frame before. */
  readonly isChanged: boolean;
}

/** Whether a caller sees the errors and the usage of all clients. */
export function seesAllClients(caller: Caller): boolean {
  return caller.has('admin') && caller.seesAll;
}

/** The JSON of `model` for a frame, given that of the frame before. */
export function framedModel(model: ConsoleModel, before: FramedModel | undefined): FramedModel {
  const complete = JSON.stringify(model);
  const isChanged = complete !== before?.complete;
  if (!isChanged) return before.isChanged ? { ...before, isChanged } : before;
  const withoutTargets =
    model.targets.length === 0
      ? complete
      : JSON.stringify(model, (name, value: unknown) => (name === 'targets' ? [] : value));
  return { model: model.model, complete, withoutTargets, isChanged };
}

/** The state of the gateway at one moment. */
export class ConsoleFrame {
  constructor(
    private readonly time: number,
    private readonly gateway: ConsoleGateway,
    /** By `<model>/<version>`. */
    readonly models: ReadonlyMap<string, FramedModel>,
    private readonly removed: readonly string[],
    /** Newest first. */
    private readonly errors: readonly ConsoleError[],
    private readonly newErrors: readonly ConsoleError[],
  ) {}

  /** The JSON of a ConsoleSnapshot for `caller`. @param complete whether it has everything, or the changes since the last frame. */
  jsonFor(caller: Caller, usage: readonly ConsoleUsage[], complete: boolean): string {
    const isAdmin = caller.has('admin');
    const models: string[] = [];
    for (const { model, complete: text, withoutTargets, isChanged } of this.models.values())
      if ((complete || isChanged) && caller.sees(model)) models.push(isAdmin ? text : withoutTargets);
    const errors = complete ? this.errors : this.newErrors;
    const members = {
      time: this.time,
      caller: { id: caller.id, scopes: SCOPES.filter((scope) => caller.has(scope)) },
      gateway: this.gateway,
      removed: complete ? [] : this.removed.filter((key) => caller.sees(key.slice(0, key.lastIndexOf('/')))),
      errors: seesAllClients(caller) ? errors : errors.filter((error) => error.caller === caller.id),
      usage,
    };
    return `${JSON.stringify(members).slice(0, -1)},"models":[${models.join()}]}`;
  }
}
