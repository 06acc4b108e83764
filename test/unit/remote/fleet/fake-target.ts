import { Attempt } from '../../../../src/remote/attempt';
import type { Connection } from '../../../../src/remote/connection';
import { DEFAULT_POLICY, type FleetPolicy } from '../../../../src/remote/fleet/fleet-policy';
import type {
  AttemptOutcome,
  FleetObserver,
  FleetRequest,
  Work,
} from '../../../../src/remote/fleet/fleet-request';
import { Fleet } from '../../../../src/remote/fleet/fleet';
import type { Target } from '../../../../src/remote/target';
import { TargetFailure, type FailureKind } from '../../../../src/remote/target-failure';
import type { VirtualClock } from '../../scheduling/virtual-clock';
import { targetAt } from '../loopback';

/** What a scripted target does with a request. A hung target settles when it dies or recovers, whatever is cancelled. */
type Behaviour = 'answers' | 'hangs' | FailureKind;

/** A target whose behaviour the test sets. */
export class FakeTarget implements Connection {
  behaviour: Behaviour = 'answers';
  checks: 'pass' | 'hang' | FailureKind = 'pass';
  latencyMs = 10;
  details: TargetFailure['details'] = {};
  /** Size of its answers, the incomplete ones too. */
  answerBytes = 0;
  /** Requests that it received. */
  received = 0;
  checked = 0;
  cancelled = 0;
  isClosed = false;
  private hanging: (() => void)[] = [];

  constructor(
    private readonly clock: VirtualClock,
    readonly name: string,
  ) {}

  async check(attempt: Attempt): Promise<void> {
    this.checked++;
    if (this.checks === 'hang') return never(attempt);
    if (this.checks !== 'pass') throw new TargetFailure(this.checks, 'the check failed');
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  infer(attempt: Attempt): Promise<string> {
    this.received++;
    const { behaviour, details } = this;
    return new Promise((resolve, reject) => {
      attempt.onCancel = () => {
        this.cancelled++;
        if (behaviour !== 'hangs') reject(new TargetFailure('broken', 'cancelled'));
      };
      if (behaviour === 'hangs') {
        this.hanging.push(() => reject(new TargetFailure('broken', 'the connection broke')));
        return;
      }
      this.clock.after(behaviour === 'connect' ? 1 : this.latencyMs, () => {
        try {
          attempt.hold(this.answerBytes);
        } catch (error) {
          reject(error);
        }
        if (behaviour === 'answers') resolve(this.name);
        else reject(new TargetFailure(behaviour, `it is ${behaviour}`, details));
      });
    });
  }

  /** The process dies: nothing connects. */
  die(): void {
    this.behaviour = 'connect';
    this.checks = 'connect';
    this.breakOff();
  }

  /** The process stops, and its connections stay open. */
  freeze(): void {
    this.behaviour = 'hangs';
    this.checks = 'hang';
  }

  recover(): void {
    this.behaviour = 'answers';
    this.checks = 'pass';
    this.breakOff();
  }

  private breakOff(): void {
    for (const end of this.hanging) end();
    this.hanging = [];
  }
}

/** Notes what a fleet reports. */
export class Notes implements FleetObserver {
  readonly outcomes: AttemptOutcome[] = [];
  readonly events: string[] = [];
  retries: { readonly at: number; readonly why: string }[] = [];
  exhausted = 0;

  constructor(private readonly clock: VirtualClock) {}

  attempted(_target: Target, outcome: AttemptOutcome): void {
    this.outcomes.push(outcome);
  }

  retried(_target: Target, why: 'retry' | 'hedge'): void {
    this.retries.push({ at: this.clock.now(), why });
  }

  budgetExhausted(): void {
    this.exhausted++;
  }

  ejected({ id }: Target, reason: string): void {
    this.events.push(`${id} out: ${reason}`);
  }

  returned({ id }: Target): void {
    this.events.push(`${id} back`);
  }

  usableChanged(usable: boolean, reason: string): void {
    this.events.push(usable ? 'usable' : `unusable: ${reason}`);
  }
}

/** Sends a request to the target, and gets its name. */
export const infer: Work<FakeTarget, string> = (connection, _target, attempt) => connection.infer(attempt);

export interface Scene {
  readonly fleet: Fleet<FakeTarget>;
  readonly targets: readonly FakeTarget[];
  readonly notes: Notes;
  /** Runs a request and ends its answer at once. @returns the name of the target, or the code of the error. */
  readonly ask: (request?: Partial<FleetRequest>) => Promise<string>;
}

/** A fleet of fake targets named a, b, c... that has started, in virtual time. @param prepare called before the start. */
export async function sceneOf(
  clock: VirtualClock,
  settings: readonly Partial<Target>[],
  policy: Partial<FleetPolicy> = {},
  random: () => number = sequence(),
  prepare: (target: FakeTarget) => void = () => {},
): Promise<Scene> {
  const targets = settings.map((_, index) => new FakeTarget(clock, 'abcdefgh'[index]!));
  targets.forEach(prepare);
  const notes = new Notes(clock);
  const members = targets.map((connection, index) => ({
    target: targetOf(connection.name, settings[index]!),
    connection,
  }));
  const fleet = new Fleet('m', members, { ...DEFAULT_POLICY, ...policy }, notes, clock, random);
  fleet.start();
  await clock.pass(0);
  const ask = (request: Partial<FleetRequest> = {}) =>
    fleet
      .run({ session: undefined, deadline: clock.now() + 30_000, abandoned: undefined, ...request }, infer)
      .then(
        (answer) => {
          answer.end();
          return answer.value;
        },
        (error: { code: string }) => error.code,
      );
  return { fleet, targets, notes, ask };
}

/** Numbers from 0 to 1 that look random, the same in each run (mulberry32). */
export function sequence(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function targetOf(id: string, settings: Partial<Target>): Target {
  return targetAt(`http://${id}`, { id, model: 'm', maxInFlight: 64, ...settings });
}

/** Does not resolve, but rejects when the attempt is cancelled. */
function never(attempt: Attempt): Promise<never> {
  return new Promise((_, reject) => {
    attempt.onCancel = () => reject(new TargetFailure('broken', 'cancelled'));
  });
}
