import type { Catalogue } from '../catalogue';
import { labelFault } from '../labels';
import type { ModelSettings } from '../model-settings';
import type { Servable, Signature } from '../servable';
import type { PipelineDefinition, PipelineStep } from './definition';
import { orderOf } from './graph';
import { partsOf, type Lack } from './parts';
import type { BoundSteps } from './run';
import { signatureOf } from './signature';

/** Versions that run the steps of a pipeline and fit each other, and what they come to. */
export interface Binding {
  readonly parts: BoundSteps;
  readonly signature: Signature;
  /** When it came about. */
  readonly at: Date;
}

/** Binds the steps of a pipeline to the versions that run them, anew whenever these are other ones. */
export class Binder {
  /** The last that fitted. */
  latest: Binding | undefined;
  private readonly order: readonly PipelineStep[];
  /** The parts that were last looked at, by their signatures, and why they do not fit. */
  private seen: { readonly signatures: readonly Signature[]; readonly fault: string | undefined } | undefined;

  /** @throws ModelSettingsError when the steps cannot be put in an order. */
  constructor(
    private readonly model: string,
    private readonly definition: PipelineDefinition,
    private readonly settings: ModelSettings,
    private readonly catalogue: Catalogue,
  ) {
    this.order = orderOf(definition);
  }

  /** Binds the steps as it is possible now, which becomes the latest. Returns what is in the way; undefined when nothing is. */
  bind(): Lack | undefined {
    const parts = partsOf(this.model, this.order, this.catalogue);
    if ('reason' in parts) return parts;
    const signatures = parts.map(({ signature }) => signature);
    if (!this.hasSeen(signatures)) this.seen = { signatures, fault: this.put(parts, signatures) };
    const { fault } = this.seen!;
    return fault === undefined ? undefined : { state: 'UNAVAILABLE', reason: fault };
  }

  private hasSeen(signatures: readonly Signature[]): boolean {
    const { seen } = this;
    return seen !== undefined && signatures.every((signature, index) => signature === seen.signatures[index]);
  }

  /** Returns why the parts do not fit each other; undefined when they do. */
  private put(parts: readonly Servable[], signatures: readonly Signature[]): string | undefined {
    try {
      const signature = this.signatureOf(signatures);
      const bound = new Map(this.order.map((step, index) => [step, parts[index]!]));
      this.latest = { parts: bound, signature, at: new Date() };
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** @throws Error when the parts do not fit each other, or not the settings. */
  private signatureOf(signatures: readonly Signature[]): Signature {
    const { declared, labels = {}, max_batch_rows: most } = this.settings;
    const steps = this.order.map((step, index) => ({ step, signature: signatures[index]! }));
    const signature = signatureOf(this.definition, steps, declared);
    const fault = labelFault(labels, signature.outputs);
    if (fault !== undefined) throw new Error(`${this.definition.where}: ${fault}`);
    return {
      ...signature,
      labels: { ...signature.labels, ...labels },
      batches: signature.batches && most !== 1,
    };
  }
}
