import type { PackedTensor } from '../runtime/slab-layout';
import type { Tensor } from '../tensor/tensor';
import type { Part, Ticket } from './job';
import { joinRows, sliceRows } from '../tensor/rows';

/** Parts that share a run: a single part, or several whose rows have the same shape. */
export type Batch = readonly Part[];

/** Total rows of all parts. */
export function totalRows(batch: Batch): number {
  return batch.reduce((sum, { rows }) => sum + rows, 0);
}

/** Whether a run of `batch`, padded to `rows` rows, is anything other than one whole request. */
export function isShared(batch: Batch, rows: number): boolean {
  return !isWhole(batch) || rows !== totalRows(batch);
}

/**
 * Concatenates the inputs of all parts, row by row. The chunks are views of the requests' bytes; nothing is copied.
 * @param rows rows to run; the batch is padded to this size by repeating its last row.
 */
export function gather(batch: Batch, rows: number): PackedTensor[] {
  const [{ ticket }] = batch as [Part];
  const missing = rows - totalRows(batch);
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

/** The inputs of row `row` of `part`, repeated `times` times. */
export function repeatRow(part: Part, row: number, times: number): PackedTensor[] {
  return part.ticket.job.inputs.map((_, index) => {
    const { name, datatype, shape, data } = sliceRows(inputOf(part, index), row, 1);
    return { name, datatype, shape: [times, ...shape.slice(1)], chunks: Array(times).fill(data) };
  });
}

function isWhole(batch: Batch): boolean {
  return batch.length === 1 && batch[0]!.ticket.parts.length === 1;
}

function inputOf({ ticket, first, rows }: Part, index: number): Tensor {
  const input = ticket.job.inputs[index]!;
  return ticket.parts.length === 1 ? input : sliceRows(input, first, rows);
}
