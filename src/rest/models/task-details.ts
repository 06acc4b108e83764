import type { PictureRecipe } from '../../tasks/picture-recipe';
import {
  CLASSIFICATION_TASKS,
  EMBEDDING_TASKS,
  type TaskDefinition,
  type TextDefinition,
} from '../../tasks/task-definition';
import type { ClassLabels, PictureEdges, PicturePreparation, VersionTask } from './version-details.dto';

/** Longer lists of labels return only their number. */
const MAX_LABELS = 1000;

/** Describes the task of a version. */
export function taskOf(task: TaskDefinition): VersionTask {
  const { name, text, picture, labels } = task;
  return {
    name,
    ...(text === undefined ? {} : textOf(text)),
    ...embeddingOf(task),
    ...(CLASSIFICATION_TASKS.includes(name) ? { activation: task.activation } : {}),
    ...(labels === undefined ? {} : { labels: countedNames(labels) }),
    ...(picture === undefined ? {} : { picture: pictureOf(picture) }),
  };
}

/** The number of `names`, and the names unless there are very many. */
export function countedNames(names: readonly string[]): ClassLabels {
  const count = names.length;
  return { count, ...(count > MAX_LABELS ? {} : { names: [...names] }) };
}

function textOf(text: TextDefinition): Partial<VersionTask> {
  const { maxTokens, truncationSide, prompts, defaultPrompt, acceptsTokenIds } = text;
  return {
    max_tokens: maxTokens,
    truncation_side: truncationSide,
    prompts,
    ...(defaultPrompt === undefined ? {} : { default_prompt: defaultPrompt }),
    token_ids: acceptsTokenIds,
  };
}

function embeddingOf({ name, text, pooling, normalize, dimensions }: TaskDefinition): Partial<VersionTask> {
  if (text === undefined || !EMBEDDING_TASKS.includes(name)) return {};
  return {
    pooling: [...pooling],
    normalize,
    ...(dimensions.length === 0 ? {} : { dimensions: [...dimensions] }),
  };
}

function pictureOf(recipe: PictureRecipe): PicturePreparation {
  const { resize, resampling, crop, rescale, mean, std, channels, layout } = recipe;
  return {
    ...(resize === undefined ? {} : { size: edgesOf(resize) }),
    resample: resampling,
    ...(crop === undefined ? {} : { crop: edgesOf(crop) }),
    rescale,
    mean: [...mean],
    std: [...std],
    channels,
    layout,
  };
}

function edgesOf(size: NonNullable<PictureRecipe['resize']>): PictureEdges {
  return 'shortestEdge' in size ? { shortest_edge: size.shortestEdge } : { ...size };
}
