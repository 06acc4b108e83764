import type { LoadedModel } from '../../runtime/messages';
import type { Head } from '../../tasks/head';
import type { Pictures } from '../../tasks/pictures/pictures';
import type { TaskDefinition } from '../../tasks/task-definition';
import type { Tokenizer } from '../../tasks/text/tokenizer';
import type { Tokenizers } from '../../tasks/text/tokenizers';
import { PictureTask } from './picture-task';
import type { ServedTask } from './served-task';
import { TextOutputs } from './text-outputs';
import { TextTask } from './text-task';

/** Converts texts and pictures for all models. */
export interface Converters {
  readonly tokenizers: Tokenizers;
  readonly pictures: Pictures;
}

/** A task whose files are loaded, before its model is. */
export class PreparedTask {
  private constructor(
    private readonly definition: TaskDefinition,
    private readonly converters: Converters,
    /** The tokenizer of a model of text; undefined for pictures. */
    readonly tokenizer: Tokenizer | undefined,
  ) {}

  /** Loads what `definition` names. @throws Error with the reason, for the operator. */
  static async load(definition: TaskDefinition, converters: Converters): Promise<PreparedTask> {
    const { text } = definition;
    const tokenizer = text === undefined ? undefined : await converters.tokenizers.load(text.tokenizer);
    return new PreparedTask(definition, converters, tokenizer);
  }

  /** Serves the task with `model`. @throws Error if the model does not fit. */
  bind(model: LoadedModel): ServedTask {
    const { text, picture } = this.definition;
    if (text !== undefined)
      return new TextTask(text, this.tokenizer!, new TextOutputs(this.definition, model), model);
    return new PictureTask(this.definition, picture!, this.converters.pictures, model);
  }

  /** Releases its memory. */
  close(): void {
    this.tokenizer?.close();
  }
}

/** What the runners of a model with the task compute from its outputs; undefined to return them. */
export function headOf({ name, text, pooling, normalize, activation }: TaskDefinition): Head | undefined {
  switch (name) {
    case 'embedding':
      return { kind: 'embedding', pooling, normalize };
    case 'feature_extraction':
      if (text === undefined) return undefined;
      return pooling.length === 0 ? { kind: 'token_embedding' } : { kind: 'embedding', pooling, normalize };
    case 'sparse_embedding':
      return { kind: 'sparse_embedding' };
    case 'token_classification':
      return { kind: 'token_classification', activation };
    default:
      return { kind: 'classification', activation };
  }
}
