import type { PackedTensor } from '../runtime/slab-layout';
import { elementCount, type Datatype, type Tensor } from '../tensor/tensor';
import type { Part, Ticket } from './job';
import { joinRows, sliceRows } from '../tensor/rows';
import { TYPED_ARRAY } from '../tensor/typed-arrays';

/** Parts that share a run: a single part, or several whose rows have the same shape. */
export type Batch = readonly Part[];

/** Total rows of all parts. */
export function totalRows(batch: Batch): number {
  return batch.reduce((sum, { rows }) => sum + rows, 0);
}

/** Length of the longest sequence in `batch`; 0 if its jobs have none. */
export function longestOf(batch: Batch): number {
  let longest = 0;
  if (batch[0]!.ticket.job.sequence === undefined) return longest;
  for (const { ticket } of batch) longest = Math.max(longest, ticket.job.sequence?.length ?? 0);
  return longest;
}

/** Tokens of the sequences of `batch`, and the padding in a run of `rows` rows. */
export function tokensOf(batch: Batch, rows: number): [tokens: number, padding: number] {
  const tokens = batch.reduce((sum, { ticket }) => sum + ticket.job.sequence!.length, 0);
  return [tokens, rows * longestOf(batch) - tokens];
}

/** Whether a run of `batch`, padded to `rows` rows, is anything other than one whole request. */
export function isShared(batch: Batch, rows: number): boolean {
  return !isWhole(batch) || rows !== totalRows(batch);
}

/**
 * Concatenates the inputs of all parts, row by row. The chunks are views of the requests' bytes; nothing is copied.
 * Sequences are padded to the longest.
 * @param rows rows to run; the batch is padded to this size by repeating its last row.
 */
export function gather(batch: Batch, rows: number): PackedTensor[] {
  const [{ ticket }] = batch as [Part];
  const missing = rows - totalRows(batch);
  if (ticket.job.sequence !== undefined) {
    const parts = [...batch, ...Array<Part>(missing).fill(batch.at(-1)!)];
    return padded(parts, longestOf(batch));
  }
  return ticket.job.inputs.map(({ name, datatype, shape }, index) => {
    const pieces = batch.map((part) => inputOf(part, index));
    const chunks = pieces.map(({ data }) => data);
    if (missing === 0)
      return { name, datatype, shape: isWhole(batch) ? shape : [rows, ...shape.slice(1)], chunks };
    const last = pieces.findLast((piece) => piece.shape[0]! > 0)!;
    const { data } = sliceRows(last, last.shape[0]! - 1, 1);
    for (let count = 0; count < missing; count++) chunks.push(data);
    return { name, datatype, shape: [rows, ...shape.slice(1)], chunks };
  });
}

/** Names of the outputs to fetch: every output that at least one part requests. */
export function outputsOf(batch: Batch): readonly string[] {
  const [{ ticket }] = batch as [Part];
  // Most requests want all outputs and share one list of names.
  if (batch.every((part) => part.ticket.job.outputs === ticket.job.outputs)) return ticket.job.outputs;
  return [...new Set(batch.flatMap((part) => part.ticket.job.outputs))];
}

/** Whether the outputs can be split between the parts: each has one row per input row, `rows` in total. */
export function isDivisible(batch: Batch, outputs: readonly Tensor[], rows: number): boolean {
  return !isShared(batch, rows) || outputs.every(({ shape }) => shape[0] === rows);
}

/**
 * Splits the outputs of a run of `all` rows: for each part, the outputs it requests, in its order, with its own rows.
 */
export function scatter(batch: Batch, outputs: readonly Tensor[], all: number): (readonly Tensor[])[] {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  let first = 0;
  return batch.map(({ rows, ticket }) => {
    const start = first;
    first += rows;
    return ticket.job.outputs.map((name) => {
      const output = byName.get(name)!;
      return batch.length === 1 && rows === all ? output : sliceRows(output, start, rows);
    });
  });
}

/** Joins the outputs of the parts of a job. */
export function joinParts({ results }: Ticket): readonly Tensor[] {
  return results[0]!.map((_, index) => joinRows(results.map((outputs) => outputs[index]!)));
}

/**
 * The inputs of row `row` of `part`, repeated `times` times.
 * @param longest the length to pad a sequence to.
 */
export function repeatRow(part: Part, row: number, times: number, longest: number): PackedTensor[] {
  if (longest > 0) return padded(Array<Part>(times).fill(part), longest);
  return part.ticket.job.inputs.map((_, index) => {
    const { name, datatype, shape, data } = sliceRows(inputOf(part, index), row, 1);
    return { name, datatype, shape: [times, ...shape.slice(1)], chunks: Array(times).fill(data) };
  });
}

/** The inputs of `parts`, a row each, padded to `longest` tokens. */
function padded(parts: readonly Part[], longest: number): PackedTensor[] {
  const [{ ticket }] = parts as [Part];
  return ticket.job.inputs.map(({ name, datatype, shape }, index) => {
    const perToken = elementCount(shape.slice(2));
    const fills = new Map<number, Uint8Array>();
    const chunks = parts.flatMap(({ ticket: { job } }) => {
      const { length, fills: numbers } = job.sequence!;
      const { data } = job.inputs[index]!;
      if (length === longest) return [data];
      let fill = fills.get(length);
      if (fill === undefined)
        fills.set(length, (fill = filled(datatype, numbers[index]!, (longest - length) * perToken)));
      return [data, fill];
    });
    return { name, datatype, shape: [parts.length, longest, ...shape.slice(2)], chunks };
  });
}

/** The bytes of `count` elements, each `value`. @throws Error for BYTES, whose elements have no fixed size. */
function filled(datatype: Datatype, value: number, count: number): Uint8Array {
  if (datatype === 'BYTES') throw new Error('only numbers can be padded');
  const elements = new TYPED_ARRAY[datatype](count);
  if (value !== 0) {
    if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) elements.fill(BigInt(value));
    else elements.fill(value);
  }
  return new Uint8Array(elements.buffer);
}

function isWhole(batch: Batch): boolean {
  return batch.length === 1 && batch[0]!.ticket.parts.length === 1;
}

function inputOf({ ticket, first, rows }: Part, index: number): Tensor {
  const input = ticket.job.inputs[index]!;
  return ticket.parts.length === 1 ? input : sliceRows(input, first, rows);
}
