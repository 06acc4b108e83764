import type { ModelLookup, Servable } from '../model';
import type { PipelineStep } from '../../repository/pipeline-definition';

/** Why a pipeline cannot run, or cannot run yet. */
export interface Lack {
  readonly state: 'LOADING' | 'UNAVAILABLE';
  readonly reason: string;
}

/** The versions that run the steps of a pipeline, in the order of the steps; or why one of them is missing. */
export type Parts =
  | { readonly parts: readonly Servable[]; readonly lack?: undefined }
  | { readonly parts?: undefined; readonly lack: Lack };

/** The versions that currently run `steps`. */
export function partsOf(pipeline: string, steps: readonly PipelineStep[], models: ModelLookup): Parts {
  const cycle = cycleOf(pipeline, steps, (name) => models.peek(name)?.settings.pipeline?.steps ?? []);
  if (cycle !== undefined)
    return unavailable(`the pipeline contains itself: ${cycle.join(' > ')}; remove one of these steps`);
  const found = steps.map((step) => partOf(step, models));
  const lacks = found.flatMap(({ lack }) => lack ?? []);
  const lack = lacks.find(({ state }) => state === 'UNAVAILABLE') ?? lacks[0];
  return lack === undefined ? { parts: found.flatMap(({ parts }) => parts ?? []) } : { lack };
}

/** The version that runs one step. */
function partOf({ model, version, title, where }: PipelineStep, models: ModelLookup): Parts {
  const lack = (what: string) => unavailable(`${where}: ${title}: ${what}`);
  const versions = models.peek(model)?.versions;
  if (versions === undefined) return lack(`model '${model}' is not served; load it, or use another model`);
  const part =
    version === undefined
      ? (versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1)!)
      : versions.find((candidate) => candidate.version === version);
  const known = versions.map((candidate) => candidate.version).join(', ');
  if (part === undefined) return lack(`model '${model}' has no version ${version}; it has ${known}`);
  const { state, reason } = part;
  if (state === 'READY') return { parts: [part] };
  if (state === 'LOADING') return { lack: { state, reason: `${title} is loading` } };
  const why = reason === '' ? '' : `, ${reason}`;
  return lack(`model '${model}' version ${part.version} is not ready: ${state}${why}`);
}

function unavailable(reason: string): Parts {
  return { lack: { state: 'UNAVAILABLE', reason } };
}

/** The names of models on a path from `pipeline` to itself; undefined if there is none. */
function cycleOf(
  pipeline: string,
  steps: readonly PipelineStep[],
  stepsOf: (model: string) => readonly PipelineStep[],
): readonly string[] | undefined {
  const seen = new Set<string>();
  const search = (
    from: readonly PipelineStep[],
    before: readonly string[],
  ): readonly string[] | undefined => {
    for (const { model } of from) {
      const path = [...before, model];
      if (model === pipeline) return path;
      if (seen.has(model)) continue;
      seen.add(model);
      const found = search(stepsOf(model), path);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(steps, [pipeline]);
}
