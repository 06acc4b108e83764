import { errors } from '../../common/errors';
import type { RemoteModel, TensorConnection } from '../../remote/connection';
import type { Attempt } from '../../remote/attempt';
import { openGrpc } from '../../remote/grpc/grpc-connection';
import type { Target, TargetTimeouts } from '../../remote/target';
import { TargetFailure } from '../../remote/target-failure';
import { openV2 } from '../../remote/v2/v2-connection';
import type { ModelSettings } from '../../repository/model-settings';
import type { Job, JobResult } from '../../scheduling/job';
import type { Signature } from '../signature';
import { FleetVersion } from './fleet-version';
import { differenceOf, remoteSignatureOf } from './remote-signature';

/** Time for a target to describe its model, in milliseconds. */
const DESCRIBE_MS = 10_000;

/** A model of tensors that other servers run, which speak the Open Inference Protocol V2. */
export class RemoteVersion extends FleetVersion<TensorConnection> {
  readonly forwarder = undefined;
  private found: { readonly model: RemoteModel; readonly signature: Signature } | undefined;
  /** The targets whose model was compared with the signature since they could last be used. */
  private readonly compared = new Set<Target>();

  get isDescribed(): boolean {
    return this.found !== undefined;
  }

  get signature(): Signature {
    if (this.found === undefined) throw this.notReady();
    return this.found.signature;
  }

  async run(job: Job): Promise<JobResult> {
    if (this.fleet === undefined || this.state !== 'READY') throw this.notReady();
    if (job.text !== undefined)
      throw errors.invalidInput(
        `model '${this.name}' is run by another server, which takes no parameters for texts; remove them`,
        'parameters',
      );
    const answer = await this.fleet.run(job, (connection, target, attempt) =>
      this.compared.has(target)
        ? connection.infer(job, attempt)
        : this.compare(connection, target, attempt).then(() => connection.infer(job, attempt)),
    );
    answer.end();
    const { value: outputs, target, waitedMs: queueMs, upstreamMs: runMs } = answer;
    if (job.uncounted !== true) this.metrics.executed(job.rows, 0, { inputMs: 0, runMs, outputMs: 0 });
    return { outputs, queueMs, inputMs: 0, runMs, outputMs: 0, target: target.id };
  }

  protected connect(target: Target, timeouts: TargetTimeouts): TensorConnection {
    const open = target.protocol === 'v2-grpc' ? openGrpc : openV2;
    return open(target, timeouts, this.options.responseLimit);
  }

  protected async describe(): Promise<void> {
    if (this.found !== undefined) return;
    const request = { session: undefined, deadline: performance.now() + DESCRIBE_MS, abandoned: undefined };
    const answer = await this.fleet!.run(request, async (connection, target, attempt) => {
      const model = await connection.describe(attempt);
      this.compared.add(target);
      return model;
    });
    answer.end();
    const model = answer.value;
    this.found = { model, signature: remoteSignatureOf(model, this.options.settings) };
  }

  protected apply(settings: ModelSettings): void {
    const { model } = this.found!;
    this.found = { model, signature: remoteSignatureOf(model, settings) };
  }

  protected override returned(target: Target): void {
    this.compared.delete(target);
  }

  /** @throws TargetFailure if the target has a model with other inputs or outputs. */
  private async compare(connection: TensorConnection, target: Target, attempt: Attempt): Promise<void> {
    const difference = differenceOf(await connection.describe(attempt), this.signature);
    if (difference !== undefined) throw new TargetFailure('misconfigured', difference);
    this.compared.add(target);
  }
}
