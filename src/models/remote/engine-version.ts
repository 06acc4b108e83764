import { errors } from '../../common/errors';
import type { ApiConnection } from '../../remote/connection';
import type { FleetAnswer, FleetRequest } from '../../remote/fleet/fleet-request';
import type { ForwardedAnswer, ForwardedRequest } from '../../remote/forwarded';
import { openApi } from '../../remote/openai/api-connection';
import type { Target, TargetTimeouts } from '../../remote/target';
import type { JobResult } from '../../scheduling/job';
import { NO_TASK, type Signature } from '../signature';
import { FleetVersion } from './fleet-version';
import type { Forwarder } from '../forwarder';

/** A model without tensors: its requests are forwarded to engines that speak the OpenAI API. */
export class EngineVersion extends FleetVersion<ApiConnection> implements Forwarder {
  readonly forwarder = this;
  readonly isDescribed = true;
  readonly signature: Signature = {
    ...NO_TASK,
    inputs: [],
    outputs: [],
    outputNames: [],
    labels: {},
    softmax: [],
    batches: false,
    hasCommonRows: false,
  };

  get affinity(): Forwarder['affinity'] {
    return this.options.settings.remote?.session ?? 'header';
  }

  get heartbeatMs(): number | undefined {
    return this.options.settings.remote?.heartbeat_ms;
  }

  async forward(request: ForwardedRequest, route: FleetRequest): Promise<FleetAnswer<ForwardedAnswer>> {
    if (this.fleet === undefined || this.state !== 'READY') throw this.notReady();
    return this.fleet.run(route, (connection, _, attempt) => connection.forward(request, attempt));
  }

  async run(): Promise<JobResult> {
    throw errors.apiModel(this.name, '/v1/chat/completions');
  }

  protected connect(target: Target, timeouts: TargetTimeouts): ApiConnection {
    return openApi(target, timeouts);
  }

  /** There is nothing to describe. */
  protected async describe(): Promise<void> {}

  /** No setting depends on a signature. */
  protected apply(): void {}
}
