import type { Encodings } from '../../tasks/text/tokenizer';
import type { Datatype, Tensor, TensorSpec } from '../../tensor/tensor';
import type { TaskRow } from './rows';

/** What fills each input of a transformer model; the names are those of the exporters. */
const CONTENTS = {
  input_ids: ({ ids }: Encodings, at: number) => ids[at]!,
  attention_mask: () => 1,
  token_type_ids: ({ typeIds }: Encodings, at: number) => typeIds[at]!,
  position_ids: (_encodings: Encodings, _at: number, position: number) => position,
} as const;

type InputName = keyof typeof CONTENTS;

/** Makes the inputs of a transformer model from encoded texts. */
export class TokenInputs {
  private readonly fills: readonly number[];

  /**
   * @param specs the inputs of the model.
   * @param padId id of the token that fills shorter texts.
   * @throws Error if the model has an input that is not made from text.
   */
  constructor(
    private readonly specs: readonly TensorSpec[],
    padId: number,
    private readonly isPaddable: boolean,
  ) {
    const unknown = specs.find((spec) => !isTokenInput(spec));
    if (unknown !== undefined)
      throw new Error(
        `the model requires the input '${unknown.name}' (${unknown.datatype} [${unknown.shape.join(',')}]), which cannot be made from text; expected ${Object.keys(CONTENTS).join(', ')} of INT64 or INT32 [-1,-1]`,
      );
    if (!specs.some(({ name }) => name === 'input_ids'))
      throw new Error(`the model has no input 'input_ids' for the tokens of a text`);
    this.fills = specs.map(({ name }) => (name === 'input_ids' ? padId : 0));
  }

  /** The row of the text whose `length` tokens start at `start`. */
  rowOf(encodings: Encodings, start: number, length: number): TaskRow {
    const inputs = this.specs.map(({ name, datatype }): Tensor => {
      const content = CONTENTS[name as InputName];
      const data = numbers(datatype, length, (position) => content(encodings, start + position, position));
      return { name, datatype, shape: [1, length], data };
    });
    const byteLength = inputs.reduce((sum, { data }) => sum + data.byteLength, 0);
    const shapeKey = this.isPaddable ? 'tokens' : `tokens ${length}`;
    return { inputs, byteLength, shapeKey, sequence: { length, fills: this.fills } };
  }
}

function isTokenInput({ name, datatype, shape }: TensorSpec): boolean {
  return (
    Object.hasOwn(CONTENTS, name) && (datatype === 'INT64' || datatype === 'INT32') && shape.length === 2
  );
}

/** `length` small numbers as INT64 or INT32. Writes words, because bigints cost several times more. */
function numbers(datatype: Datatype, length: number, at: (index: number) => number): Uint8Array {
  const words = datatype === 'INT64' ? 2 : 1;
  const data = new Int32Array(length * words);
  for (let index = 0; index < length; index++) data[index * words] = at(index);
  return new Uint8Array(data.buffer);
}
