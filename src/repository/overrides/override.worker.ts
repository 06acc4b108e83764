import { movable, moving, outcomeOf, type Outcome } from '../../common/offload';
import { describeByJson, describeModel, type ModelDescription } from '../description/model-description';
import type { FoundModel } from '../repository';
import { loadParameters } from './load-parameters';
import { overridesOf } from './overrides';

/** Runs on the worker thread: reads the overrides in `body`. The memory of the files moves to the caller. */
export function readOverrides(body: Uint8Array): unknown {
  const outcome = outcomeOf(() => {
    const { config, files } = overridesOf(loadParameters(body));
    return { config, files: new Map([...files].map(([path, content]) => [path, movable(content)])) };
  });
  const buffers = 'value' in outcome ? [...outcome.value.files.values()].map(({ buffer }) => buffer) : [];
  return moving(outcome, buffers);
}

/** A model to describe by its files. */
interface FilesTask {
  readonly model: FoundModel;
  readonly requested: readonly string[] | undefined;
}

/** A model to describe by a configuration as JSON. */
interface DescribeTask {
  readonly model: FoundModel;
  readonly json: string;
}

/** Runs {@link describeModel} on the worker thread. */
export async function describeFiles({ model, requested }: FilesTask): Promise<Outcome<ModelDescription>> {
  return { value: await describeModel(model, requested) };
}

/** Runs {@link describeByJson} on the worker thread. */
export async function describeJson({ model, json }: DescribeTask): Promise<Outcome<ModelDescription>> {
  return { value: await describeByJson(model, json) };
}
