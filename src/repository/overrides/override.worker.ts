import { movable, moving, outcomeOf, type Outcome } from '../../common/offload';
import { describeByJson, describeModel, type ModelDescription } from '../description/model-description';
import type { FoundModel } from '../repository';
import { loadParameters } from './load-parameters';
import { overridesOf } from './overrides';

/** Runs on the thread of overrides: the overrides in `body`; the memory of the files moves to the caller. */
export function readOverrides(body: Uint8Array): unknown {
  const outcome = outcomeOf(() => {
    const { config, files } = overridesOf(loadParameters(body));
    return { config, files: new Map([...files].map(([path, content]) => [path, movable(content)])) };
  });
  const buffers = 'value' in outcome ? [...outcome.value.files.values()].map(({ buffer }) => buffer) : [];
  return moving(outcome, buffers);
}

/** What to describe. */
interface FilesTask {
  readonly model: FoundModel;
  readonly repository: string;
  readonly wanted: readonly string[] | undefined;
}

/** What to describe a model by. */
interface DescribeTask {
  readonly model: FoundModel;
  readonly repository: string;
  readonly json: string;
}

/** Runs on the thread of overrides: {@link describeModel}. */
export async function describeFiles({
  model,
  repository,
  wanted,
}: FilesTask): Promise<Outcome<ModelDescription>> {
  return { value: await describeModel(model, repository, wanted) };
}

/** Runs on the thread of overrides: {@link describeByJson}. */
export async function describeJson({
  model,
  repository,
  json,
}: DescribeTask): Promise<Outcome<ModelDescription>> {
  return { value: await describeByJson(model, repository, json) };
}
