import { movable, moving, outcomeOf } from '../../common/threads';
import { describeModel, type ModelDescription } from '../model-description';
import type { FoundModel } from '../repository';
import { loadParameters } from './load-parameters';

/** Runs on the thread of overrides: {@link loadParameters}; the memory of the files moves to the caller. */
export function parameters(body: Uint8Array): unknown {
  const buffers: ArrayBuffer[] = [];
  const outcome = outcomeOf(() =>
    Object.fromEntries(
      Object.entries(loadParameters(body)).map(([name, value]) => {
        if (!(value instanceof Uint8Array)) return [name, value];
        const content = movable(value);
        buffers.push(content.buffer);
        return [name, content];
      }),
    ),
  );
  return moving(outcome, buffers);
}

/** What to describe a model by. */
interface DescribeTask {
  readonly model: FoundModel;
  readonly repository: string;
  readonly json: string;
}

/** Runs on the thread of overrides: {@link describeModel}. */
export function describe({ model, repository, json }: DescribeTask): Promise<ModelDescription> {
  return describeModel(model, repository, json);
}
