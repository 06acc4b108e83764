import { errors } from '../../common/errors';
import type { LoadedModel } from '../../runtime/messages';
import type { Job, JobResult } from '../../scheduling/job';
import type { TextDefinition } from '../../tasks/task-definition';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { characterLimit } from '../../tasks/text/character-limit';
import type { TextOptions } from '../../tasks/text/text-options';
import type { EncodeOptions, Encodings, Tokenizer } from '../../tasks/text/tokenizer';
import { decodeStrings, elementsOf } from '../../tensor/elements';
import { sliceRows } from '../../tensor/rows';
import type { Tensor } from '../../tensor/tensor';
import { requireWanted, runRows, type TaskRow } from './rows';
import type { ServedTask, Submit, TaskSignature } from './served-task';
import type { EncodedText, TextOutputs } from './text-outputs';
import { TokenInputs } from './token-inputs';

/** Bytes of texts to decode in one turn of the event loop: a fraction of a millisecond of work. */
const BYTES_PER_TURN = 128 * 1024;

/** Maximum number of bytes in UTF-8 of a UTF-16 code unit. */
const BYTES_PER_CHARACTER = 3;

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

  takes({ inputs: [first] }: Job): boolean {
    return first?.datatype === 'BYTES';
  }

  async run(job: Job, submit: Submit): Promise<JobResult> {
    if (job.rows === 0)
      throw errors.invalidInput(`input 'text': expected at least one text, got none`, 'inputs.text');
    if (job.rows > MAX_TEXTS)
      throw errors.invalidInput(
        `input 'text': expected at most ${MAX_TEXTS} texts, got ${job.rows}; send them in several requests`,
        'inputs.text',
      );
    const slices: EncodedSlice[] = [];
    let first = 0;
    for (const slice of slicesOf(job)) {
      requireWanted(job);
      slices.push(await this.encode(slice, first, job.text));
      first += slice[0]!.shape[0]!;
    }
    const tokens = slices.flatMap(({ encodings }) => [...encodings.lengths]);
    const names = this.outputs.neededFor(job.outputs);
    this.outputs.requireSmall(names, tokens);
    await job.weigh?.(tokens.reduce((sum, length) => sum + length, 0));
    const { outputs, times } =
      names.length === 0
        ? { outputs: [], times: { queueMs: 0, inputMs: 0, runMs: 0, outputMs: 0 } }
        : await runRows(job, this.rowsOf(slices), names, submit);
    const results = { tokens, outputs, texts: () => encodedTexts(slices) };
    return { outputs: job.outputs.map((name) => this.outputs.join(name, results)), ...times };
  }

  /** Encodes some texts of a request, which begin with that at index `first`. */
  private async encode(
    inputs: readonly Tensor[],
    first: number,
    options: TextOptions = {},
  ): Promise<EncodedSlice> {
    for (const input of inputs) this.requireShort(input, first);
    const [texts, seconds] = inputs.map(({ data }) => decodeStrings(data)) as [string[], string[]?];
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
  private requireShort({ name, data }: Tensor, first: number): void {
    const limit = characterLimit(this.definition.maxTokens);
    const lengths = elementsOf(data).map(({ byteLength }) => byteLength);
    const index = lengths.findIndex((length) => length > limit * BYTES_PER_CHARACTER);
    if (index === -1) return;
    throw errors.invalidInput(
      `text ${first + index} of input '${name}' has ${lengths[index]} bytes, but the limit is ${limit} characters; shorten it`,
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

/** The inputs of `job` in slices of whole rows with at most {@link BYTES_PER_TURN} bytes, or one row. */
function* slicesOf({ inputs, rows }: Job): Generator<readonly Tensor[]> {
  let rest = inputs;
  for (let left = rows; left > 0;) {
    const bytes = rest.reduce((sum, { data }) => sum + data.byteLength, 0);
    const count = Math.max(1, Math.min(left, Math.floor((left * BYTES_PER_TURN) / Math.max(bytes, 1))));
    yield rest.map((tensor) => sliceRows(tensor, 0, count));
    left -= count;
    rest = rest.map((tensor) => sliceRows(tensor, count, left));
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
