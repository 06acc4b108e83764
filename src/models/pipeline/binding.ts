import { labelFault, type Signature } from '../signature';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import type { ModelSettings } from '../../repository/model-settings';
import type { ModelLookup, Servable, VersionState } from '../model';
import type { PipelineDefinition, PipelineStep } from '../../repository/pipeline-definition';
import { fitSteps } from './fit-steps';
import { orderOf } from '../../repository/pipeline/graph';
import { partsOf, type Parts } from './parts';
import { ofStep, type BoundSteps } from './run';

/** Compatible versions that run the steps of a pipeline, and the resulting signature. */
export interface Binding {
  readonly parts: BoundSteps;
  readonly signature: Signature;
  /** When the versions were bound. */
  readonly at: Date;
}

/** State of a pipeline, derived from its parts. */
export interface Outlook {
  readonly state: VersionState;
  readonly reason: string;
  /** Set if all parts are ready, loaded at least once, and compatible. */
  readonly binding?: Binding;
}

/** Reason of a pipeline with models that were never in memory. Whether they are compatible is known only after loading. */
const NOT_DESCRIBED = 'some models of the pipeline were never in memory; the next request loads them';

/** Binds the steps of a pipeline to the versions that run them, and again whenever these versions change. */
export class Binder {
  /** The last valid binding. */
  latest: Binding | undefined;
  private readonly order: readonly PipelineStep[];
  /** Signatures of the parts that were checked last, and why they are not compatible. */
  private seen: { readonly signatures: readonly Signature[]; readonly fault: string | undefined } | undefined;

  /** @throws ModelSettingsError if the steps have no topological order. */
  constructor(
    private readonly model: string,
    private readonly definition: PipelineDefinition,
    private readonly settings: ModelSettings,
    private readonly models: ModelLookup,
  ) {
    this.order = orderOf(definition);
  }

  /** Current state of the pipeline, derived from the versions of its models. */
  look(): Outlook {
    const { parts, lack } = this.parts();
    if (lack !== undefined) return lack;
    if (!parts.every(({ isDescribed }) => isDescribed)) return { state: 'READY', reason: NOT_DESCRIBED };
    const signatures = parts.map(({ signature }) => signature);
    if (!this.hasSeen(signatures)) this.seen = { signatures, fault: this.bind(parts, signatures) };
    const { fault } = this.seen!;
    if (fault !== undefined) return { state: 'UNAVAILABLE', reason: fault };
    return { state: 'READY', reason: '', binding: this.latest! };
  }

  /** Resolves when the signature of every part is known. @throws NexusError that contains the step */
  async describe(deadline: number): Promise<void> {
    const { parts } = this.parts();
    if (parts === undefined) return;
    await Promise.all(
      parts.map((part, index) =>
        part.described(deadline).catch((error: unknown) => {
          throw ofStep(this.order[index]!, error);
        }),
      ),
    );
  }

  private parts(): Parts {
    return partsOf(this.model, this.order, this.models);
  }

  private hasSeen(signatures: readonly Signature[]): boolean {
    const { seen } = this;
    return seen !== undefined && signatures.every((signature, index) => signature === seen.signatures[index]);
  }

  /** Binds the steps to `parts` and sets {@link latest}. Returns why they are not compatible; undefined if they are. */
  private bind(parts: readonly Servable[], signatures: readonly Signature[]): string | undefined {
    try {
      const signature = this.signatureOf(signatures);
      const bound = new Map(this.order.map((step, index) => [step, parts[index]!]));
      this.latest = { parts: bound, signature, at: new Date() };
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** @throws Error if the parts are not compatible with each other or with the settings. */
  private signatureOf(signatures: readonly Signature[]): Signature {
    const { declared, labels = {}, softmax, max_batch_rows: most } = this.settings;
    const steps = this.order.map((step, index) => ({ step, signature: signatures[index]! }));
    const signature = fitSteps(this.definition, steps, declared);
    const { outputs } = signature;
    const fault = labelFault(labels, outputs) ?? softmaxFault(softmax, outputs);
    if (fault !== undefined) throw new Error(`${this.definition.where}: ${fault}`);
    return {
      ...signature,
      labels: { ...signature.labels, ...labels },
      softmax: softmax === undefined ? signature.softmax : softmaxOutputs(softmax, outputs),
      batches: signature.batches && most !== 1,
    };
  }
}
