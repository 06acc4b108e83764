import type { Activation } from '../../tasks/head';
import type { TaskName } from '../../tasks/task-definition';
import type { JsonFields } from './json-fields';

/** Names of classes that the library gives to a network whose config.json names none. */
const UNNAMED: readonly string[] = ['LABEL_0', 'LABEL_1'];

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Sigmoid: 'sigmoid',
  Softmax: 'softmax',
  Identity: 'none',
};

/**
 * Names of the classes of a classifier by index, from `id2label` of config.json.
 * @throws ModelSettingsError if an index is missing, or `num_labels` differs.
 */
export function classesOf(network: JsonFields): readonly string[] {
  const named = network.object('id2label');
  const count = network.integer('num_labels', 1, 10_000_000);
  if (named === undefined)
    return count === undefined ? UNNAMED : Array.from({ length: count }, (_, index) => `LABEL_${index}`);
  const { keys } = named;
  const classes = keys.map((_, index) => named.get(String(index)));
  if (keys.length === 0 || classes.includes(undefined))
    throw network.fault('id2label', `a name for every index from 0 to ${Math.max(0, keys.length - 1)}`);
  if (count !== undefined && count !== classes.length)
    throw network.fault('num_labels', `${classes.length}, the number of names in id2label`);
  return classes.map((name) => (typeof name === 'string' ? name : JSON.stringify(name)));
}

/**
 * What turns the logits of a classifier into scores.
 * @param classes number of classes; undefined if it is not known.
 * @throws ModelSettingsError for a function that Nexus does not know.
 */
export function activationOf(
  network: JsonFields | undefined,
  task: TaskName,
  classes: number | undefined,
): Activation {
  if (task === 'token_classification') return 'softmax';
  const named = task === 'image_classification' ? undefined : namedActivation(network);
  if (named !== undefined) return named;
  const problem = network?.text('problem_type');
  if (problem === 'regression' && task !== 'reranking') return 'none';
  const isMultiLabel = problem === 'multi_label_classification';
  return task === 'reranking' || classes === 1 || isMultiLabel ? 'sigmoid' : 'softmax';
}

/** The activation that a cross-encoder names, as the path of a class. */
function namedActivation(network: JsonFields | undefined): Activation | undefined {
  const holder = network?.object('sentence_transformers');
  for (const [fields, key] of [
    [holder, 'activation_fn'],
    [network, 'sbert_ce_default_activation_function'],
  ] as const) {
    const path = fields?.text(key);
    if (fields === undefined || path === undefined) continue;
    const known = ACTIVATIONS[path.split('.').at(-1)!];
    if (known === undefined) throw fields.fault(key, `one of ${Object.keys(ACTIVATIONS).join(', ')}`);
    return known;
  }
  return undefined;
}
