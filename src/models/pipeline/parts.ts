import type { Catalogue } from '../registry/catalogue';
import type { Servable } from '../model';
import type { PipelineStep } from '../../repository/pipeline-definition';

/** Why a pipeline cannot run, or not yet. */
export interface Lack {
  readonly state: 'LOADING' | 'UNAVAILABLE';
  readonly reason: string;
}

/** The versions that run `steps` at this moment, in their order; or what is in the way of one of them. */
export function partsOf(
  pipeline: string,
  steps: readonly PipelineStep[],
  { models }: Catalogue,
): readonly Servable[] | Lack {
  const circle = circleOf(pipeline, steps, (name) => models.get(name)?.settings.pipeline?.steps ?? []);
  if (circle !== undefined)
    return { state: 'UNAVAILABLE', reason: `the pipeline is a part of itself: ${circle.join(' > ')}` };
  const found = steps.map((step) => partOf(step, models));
  const lacks = found.filter((part): part is Lack => !isPart(part));
  const lack = lacks.find(({ state }) => state === 'UNAVAILABLE') ?? lacks[0];
  return lack ?? found.filter(isPart);
}

function partOf(
  { model, version, title, where }: PipelineStep,
  models: Catalogue['models'],
): Servable | Lack {
  const lack = (what: string) => ({ state: 'UNAVAILABLE', reason: `${where}: ${title}: ${what}` }) as const;
  const versions = models.get(model)?.versions;
  if (versions === undefined) return lack(`model '${model}' is not served; load it, or name another one`);
  const part =
    version === undefined
      ? (versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1)!)
      : versions.find((candidate) => candidate.version === version);
  const known = versions.map((candidate) => candidate.version).join(', ');
  if (part === undefined) return lack(`model '${model}' has no version ${version}; it has ${known}`);
  const { state, reason } = part;
  if (state === 'READY') return part;
  if (state === 'LOADING') return { state, reason: `${title} is loading` };
  const why = reason === '' ? '' : `, ${reason}`;
  return lack(`model '${model}' version ${part.version} is not ready: ${state}${why}`);
}

function isPart(found: Servable | Lack): found is Servable {
  return 'platform' in found;
}

/** The names of models from `pipeline` to itself; undefined when no way leads there. */
function circleOf(
  pipeline: string,
  steps: readonly PipelineStep[],
  stepsOf: (model: string) => readonly PipelineStep[],
): readonly string[] | undefined {
  const seen = new Set<string>();
  const search = (from: readonly PipelineStep[], path: readonly string[]): readonly string[] | undefined => {
    for (const { model } of from) {
      const way = [...path, model];
      if (model === pipeline) return way;
      if (seen.has(model)) continue;
      seen.add(model);
      const found = search(stepsOf(model), way);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(steps, [pipeline]);
}
