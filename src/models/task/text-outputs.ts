import { errors } from '../../common/errors';
import type { LoadedModel } from '../../runtime/messages';
import { PAIR_TASKS, type TaskDefinition } from '../../tasks/task-definition';
import type { TaskInputName, TaskOutputName } from '../../tasks/task-tensors';
import { encodeStrings } from '../../tensor/elements';
import { joinRows, padRows } from '../../tensor/rows';
import { ELEMENT_BYTES, type Tensor, type TensorSpec } from '../../tensor/tensor';
import { requireClasses } from './classes';
import { entitiesOf } from './entities';
import type { TaskSignature } from './served-task';

const TEXT_INPUT: TaskInputName = 'text';
const PAIR_INPUT: TaskInputName = 'text_pair';

/** The outputs that are made here. A head makes all others. */
const TOKENS: TaskOutputName = 'tokens';
const ENTITIES: TaskOutputName = 'entities';

/** The outputs of a head that entities are made of. */
const ENTITY_SOURCES: readonly string[] = ['labels', 'scores'] satisfies TaskOutputName[];

/** Maximum size of an output of all texts of a request, because it is joined on the event loop. */
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** A text and the offsets of its tokens, in pairs. */
export interface EncodedText {
  readonly text: string;
  readonly offsets: Int32Array;
}

/** The results of the texts of a request, in order. */
export interface TextResults {
  /** Number of tokens of each text. */
  readonly tokens: readonly number[];
  /** Outputs of each row, as the runner returned them; empty if only {@link tokens} are needed. */
  readonly outputs: readonly (readonly Tensor[])[];
  /** The texts; only if the outputs need offsets. */
  texts(): Iterable<EncodedText>;
}

/** The outputs of a model of text: those of its head, and those that are made of them. */
export class TextOutputs {
  readonly signature: TaskSignature;
  /** Whether offsets of tokens are needed. */
  readonly needOffsets: boolean;
  /** Dimensions of the row of an output, by its name. A vector per token has two. */
  private readonly sizes: ReadonlyMap<string, readonly number[]>;

  constructor(
    private readonly definition: TaskDefinition,
    { inputs, outputs, extraOutputs }: LoadedModel,
  ) {
    const { name } = definition;
    requireClasses(definition, [...outputs, ...extraOutputs]);
    this.needOffsets = name === 'token_classification';
    this.sizes = new Map(
      [...outputs, ...extraOutputs].map(({ name: output, shape }) => [output, shape.slice(1).map(sizeOf)]),
    );
    const tokens: TensorSpec = { name: TOKENS, datatype: 'INT64', shape: [-1] };
    const [shown, extra] = shownOutputs(definition, outputs, extraOutputs);
    this.signature = {
      inputs: textInputs(definition),
      tensorInputs: this.needOffsets ? [] : inputs,
      outputs: shown,
      outputNames: shown.map((output) => output.name),
      extraOutputs: [...extra, tokens],
      task: definition,
    };
  }

  /** The outputs of the head that `requested` outputs are made of. */
  neededFor(requested: readonly string[]): readonly string[] {
    const needed = requested.flatMap((name) => (name === ENTITIES ? ENTITY_SOURCES : [name]));
    return [...new Set(needed)].filter((name) => name !== TOKENS);
  }

  /**
   * Requires that `names`, outputs of the head, are not too large for texts of `tokens` tokens.
   * @throws NexusError invalid_input
   */
  requireSmall(names: readonly string[], tokens: readonly number[]): void {
    const longest = tokens.reduce((most, count) => Math.max(most, count), 0);
    for (const name of names) {
      const sizes = this.sizes.get(name) ?? [];
      const elements = sizes.length === 2 ? longest * sizes[1]! : (sizes[0] ?? 1);
      const bytes = tokens.length * elements * ELEMENT_BYTES.FP32;
      if (bytes > MAX_OUTPUT_BYTES)
        throw errors.invalidInput(
          `the output '${name}' of ${tokens.length} texts would have ${bytes} bytes, but the limit is ${MAX_OUTPUT_BYTES}; send fewer or shorter texts per request`,
          'inputs.text',
        );
    }
  }

  /** The output `name` for all texts. */
  join(name: string, results: TextResults): Tensor {
    if (name === TOKENS) return tokensOf(results.tokens);
    if (name === ENTITIES) return this.entities(results);
    const rows = results.outputs.map((outputs) => outputs.find((output) => output.name === name)!);
    const [first] = rows as [Tensor];
    // The second dimension of a vector per token is that of its batch.
    return first.shape.length === 3 ? padRows(rows, results.tokens) : joinRows(rows);
  }

  private entities(results: TextResults): Tensor {
    const lists: string[] = [];
    for (const { text, offsets } of results.texts()) {
      const [labels, scores] = results.outputs[lists.length] as [Tensor, Tensor];
      lists.push(JSON.stringify(entitiesOf(text, offsets, labels, scores, this.definition.labels ?? [])));
    }
    return { name: ENTITIES, datatype: 'BYTES', shape: [lists.length], data: encodeStrings([lists]) };
  }
}

/** A size that is not known counts as 1. */
function sizeOf(size: number): number {
  return Math.max(size, 1);
}

function textInputs({ name }: TaskDefinition): readonly TensorSpec[] {
  const text: TensorSpec = { name: TEXT_INPUT, datatype: 'BYTES', shape: [-1] };
  return PAIR_TASKS.includes(name) ? [text, { ...text, name: PAIR_INPUT }] : [text];
}

/** The outputs that are returned by default, and those by request. */
function shownOutputs(
  { name }: TaskDefinition,
  outputs: readonly TensorSpec[],
  extra: readonly TensorSpec[],
): readonly [readonly TensorSpec[], readonly TensorSpec[]] {
  if (name === 'token_classification')
    return [[{ name: ENTITIES, datatype: 'BYTES', shape: [-1], content: 'json' }], []];
  return [outputs, extra];
}

function tokensOf(tokens: readonly number[]): Tensor {
  const data = new BigInt64Array(tokens.map(BigInt));
  return { name: TOKENS, datatype: 'INT64', shape: [tokens.length], data: new Uint8Array(data.buffer) };
}
