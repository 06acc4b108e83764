import type { TaskName } from '../../tasks/task-definition';
import type { HubModules } from './hub-modules';
import type { JsonFields } from './json-fields';
import { classesOf } from './network-classes';

/** The input of a task. A feature extractor takes either. */
export type TaskInput = 'text' | 'picture';

/** Networks whose name ends like that of a plain one, but which generate text. */
const GENERATORS = /(LMHead|DoubleHeads|EncoderDecoder)Model$/;

/**
 * Reads the task of a network from the class that it was trained with, in config.json.
 * @param inputs what the folder can prepare.
 * @returns undefined if there is no such class, if Nexus knows no task for it, or if the folder lacks the files for it.
 */
export function taskNameOf(
  network: JsonFields,
  modules: HubModules,
  inputs: ReadonlySet<TaskInput>,
): TaskName | undefined {
  const architecture = architectureOf(network);
  if (architecture === undefined) return undefined;
  if (inputs.has('text')) {
    const ofText = textTaskOf(network, architecture, modules);
    if (ofText !== undefined) return ofText;
  }
  if (inputs.has('picture') && /ForImageClassification(WithTeacher)?$/.test(architecture))
    return 'image_classification';
  // A network that is not known to take one of both could be a pair of towers, such as CLIP.
  if (!isPlain(architecture) || inputs.size !== 1) return undefined;
  if (inputs.has('text')) return 'embedding';
  // Networks of sounds have a file of the same name.
  const seesPictures = network.get('num_channels') !== undefined || network.get('image_size') !== undefined;
  return seesPictures ? 'feature_extraction' : undefined;
}

/** The first class in `architectures`; undefined if there is none. */
function architectureOf(network: JsonFields): string | undefined {
  const value = network.get('architectures');
  const [first] = Array.isArray(value) ? (value as unknown[]) : [];
  return typeof first === 'string' ? first : undefined;
}

function textTaskOf(
  network: JsonFields,
  architecture: string,
  { isSparse, pooling }: HubModules,
): TaskName | undefined {
  if (isSparse) return 'sparse_embedding';
  if (pooling !== undefined) return 'embedding';
  if (architecture.endsWith('ForTokenClassification')) return 'token_classification';
  return architecture.endsWith('ForSequenceClassification') ? classifierOf(network) : undefined;
}

function classifierOf(network: JsonFields): TaskName {
  const classes = classesOf(network);
  if (classes.length === 1) return 'reranking';
  return classes.some((name) => /entailment/i.test(name)) ? 'pair_classification' : 'text_classification';
}

function isPlain(architecture: string): boolean {
  return architecture.endsWith('Model') && !GENERATORS.test(architecture);
}
