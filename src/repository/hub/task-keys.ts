import { CLASSIFICATION_TASKS, EMBEDDING_TASKS, type TaskName } from '../../tasks/task-definition';
import type { ModelSettings } from '../model-settings';
import type { TaskInput } from './task-name';

type Test = (task: TaskName, input: TaskInput) => boolean;

const ofText: Test = (_task, input) => input === 'text';
/** The entities of a model of tokens are places in the text as it was sent. */
const ofPrompts: Test = (task, input) => input === 'text' && task !== 'token_classification';
const ofEmbeddings: Test = (task, input) => input === 'text' && EMBEDDING_TASKS.includes(task);
const ofClasses: Test = (task) => CLASSIFICATION_TASKS.includes(task);

/** The settings that only a model with a task may have, by their key in model.yaml, and the tasks they fit. */
const TASK_KEYS: readonly (readonly [setting: keyof ModelSettings, key: string, fits: Test])[] = [
  ['task', 'task', () => true],
  ['tokenizer', 'tokenizer', ofText],
  ['pooling', 'pooling', ofEmbeddings],
  ['normalize', 'normalize', ofEmbeddings],
  ['max_tokens', 'max_tokens', ofText],
  ['max_batch_tokens', 'max_batch_tokens', ofText],
  ['prompts', 'prompts', ofPrompts],
  ['default_prompt', 'default_prompt', ofPrompts],
  ['dimensions', 'dimensions', ofEmbeddings],
  ['token_ids', 'token_ids', ofText],
  ['classes', 'labels', ofClasses],
  ['picture', 'inputs', (_task, input) => input === 'picture'],
];

/** The first key of model.yaml in `settings` that only models with a task have; undefined if there is none. */
export function taskKeyIn(settings: ModelSettings): string | undefined {
  return TASK_KEYS.find(([setting]) => settings[setting] !== undefined)?.[1];
}

/** The first key of model.yaml in `settings` that does not fit `task`; undefined if all do. */
export function misplacedKey(settings: ModelSettings, task: TaskName, input: TaskInput): string | undefined {
  return TASK_KEYS.find(([setting, , fits]) => settings[setting] !== undefined && !fits(task, input))?.[1];
}

/** The key of model.yaml that sets `setting`, which has the same name unless it is computed from the value of the key. */
export function yamlKeyOf(setting: string): string {
  return TASK_KEYS.find(([computed]) => computed === setting)?.[1] ?? setting;
}
