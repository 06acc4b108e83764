import { errors } from '../../common/errors';
import type { LoadedModel } from '../../runtime/messages';
import type { Job, JobResult } from '../../scheduling/job';
import type { TextDefinition } from '../../tasks/task-definition';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { characterLimit } from '../../tasks/text/character-limit';
import { piecesOf } from '../../tasks/text/pieces';
import type { TextOptions } from '../../tasks/text/text-options';
import type { EncodeOptions, Encodings, Tokenizer } from '../../tasks/text/tokenizer';
import { elementsOf } from '../../tensor/elements';
import { requireCount, requireWanted, runRows, type TaskRow } from './rows';
import type { ServedTask, Submit, TaskSignature } from './served-task';
import type { EncodedText, TextOutputs } from './text-outputs';
import { TokenInputs } from './token-inputs';

/** Bytes of texts to decode in one turn of the event loop, unless one has more: a fraction of a millisecond of work. */
const BYTES_PER_TURN = 128 * 1024;

/** Maximum number of bytes in UTF-8 of a UTF-16 code unit. */
const BYTES_PER_CHARACTER = 3;

/** Texts of an input, in UTF-8. */
interface TextColumn {
  readonly name: string;
  readonly elements: readonly Buffer[];
}

/** Some texts of a request, encoded. */
interface EncodedSlice {
  readonly texts: readonly string[];
  readonly encodings: Encodings;
}

/** Serves a model of text: tokenises texts, runs each as a row, and joins the results. */
export class TextTask implements ServedTask {
  private readonly inputs: TokenInputs;

  /** @throws Error if the model requires an input that cannot be made from text. */
  constructor(
    private readonly definition: TextDefinition,
    private readonly tokenizer: Tokenizer,
    private readonly outputs: TextOutputs,
    { inputs, unpaddable }: LoadedModel,
  ) {
    this.inputs = new TokenInputs(inputs, definition.padId, unpaddable === '');
  }

  get signature(): TaskSignature {
    return this.outputs.signature;
  }

  async run(job: Job, submit: Submit): Promise<JobResult> {
    requireCount(job, 'text', 'text', MAX_TEXTS);
    const columns = job.inputs.map(({ name, data }) => ({ name, elements: elementsOf(data) }));
    const bytesOf = (row: number) => columns.reduce((sum, { elements }) => sum + elements[row]!.length, 0);
    const slices: EncodedSlice[] = [];
    for (const { start, end } of piecesOf(job.rows, bytesOf, MAX_TEXTS, BYTES_PER_TURN)) {
      requireWanted(job);
      const slice = columns.map(({ name, elements }) => ({ name, elements: elements.slice(start, end) }));
      slices.push(await this.encode(slice, start, job.text));
    }
    const tokens = slices.flatMap(({ encodings }) => [...encodings.lengths]);
    const names = this.outputs.neededFor(job.outputs);
    this.outputs.requireSmall(names, tokens);
    await job.weigh?.(tokens.reduce((sum, length) => sum + length, 0));
    // The numbers of tokens need no run.
    const rows = names.length === 0 ? [] : this.rowsOf(slices);
    const { outputs, times } = await runRows(job, rows, names, submit);
    const results = { tokens, outputs, texts: () => encodedTexts(slices) };
    return { outputs: job.outputs.map((name) => this.outputs.join(name, results)), ...times };
  }

  /** Encodes some texts of a request, which begin with that at index `first`. */
  private async encode(
    columns: readonly TextColumn[],
    first: number,
    options: TextOptions = {},
  ): Promise<EncodedSlice> {
    for (const column of columns) this.requireShort(column, first);
    const [texts, seconds] = columns.map(({ elements }) => elements.map((text) => text.toString())) as [
      string[],
      string[]?,
    ];
    const given = texts.map((text) => this.prepare(text, options.prompt));
    const pairs = seconds?.map((text) => this.lowered(text));
    const encodings = await this.tokenizer.encode(given, pairs, this.optionsOf(options, first));
    return { texts: given, encodings };
  }

  /** `text` behind its prompt. @throws NexusError invalid_input if there is no prompt of that name. */
  private prepare(text: string, name = this.definition.defaultPrompt): string {
    if (name === undefined || name === '') return this.lowered(text);
    const { prompts } = this.definition;
    if (Object.hasOwn(prompts, name)) return this.lowered(prompts[name]! + text);
    const known = Object.keys(prompts);
    const expected = known.length === 0 ? 'none, because the model has no prompts' : known.join(' or ');
    throw errors.invalidInput(`prompt_name: expected ${expected}, got '${name}'`, 'prompt_name');
  }

  private lowered(text: string): string {
    return this.definition.lowerCase ? text.toLowerCase() : text;
  }

  /** @throws NexusError invalid_input for a text that is too long even to be decoded on the event loop. */
  private requireShort({ name, elements }: TextColumn, first: number): void {
    const limit = characterLimit(this.definition.maxTokens);
    const index = elements.findIndex(({ length }) => length > limit * BYTES_PER_CHARACTER);
    if (index === -1) return;
    throw errors.invalidInput(
      `text ${first + index} of input '${name}' has ${elements[index]!.length} bytes, but the limit is ${limit} characters; shorten it`,
      `inputs.${name}`,
    );
  }

  private optionsOf(
    { truncate = true, truncationSide, maxTokens = Infinity }: TextOptions,
    first: number,
  ): EncodeOptions {
    const { definition } = this;
    return {
      addSpecialTokens: true,
      maxTokens: Math.min(maxTokens, definition.maxTokens),
      maxCharacters: characterLimit(definition.maxTokens),
      first,
      truncate: truncate ? (truncationSide ?? definition.truncationSide) : undefined,
      offsets: this.outputs.needOffsets,
    };
  }

  private *rowsOf(slices: readonly EncodedSlice[]): Generator<TaskRow> {
    for (const { encodings } of slices) {
      let start = 0;
      for (const length of encodings.lengths) {
        yield this.inputs.rowOf(encodings, start, length);
        start += length;
      }
    }
  }
}

function* encodedTexts(slices: readonly EncodedSlice[]): Generator<EncodedText> {
  for (const { texts, encodings } of slices) {
    let start = 0;
    for (const [index, text] of texts.entries()) {
      const end = start + encodings.lengths[index]!;
      yield { text, offsets: encodings.offsets!.subarray(2 * start, 2 * end) };
      start = end;
    }
  }
}
