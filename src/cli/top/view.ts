import type { ConsoleModel } from '../../console/console.dto';
import { paint } from '../colours';
import { sizeText } from '../numbers';
import type { Board } from './board';
import { printable } from '../printable';
import { COLUMNS, decimals, painted, sorted, type Column } from './columns';

/** What the user has chosen to see. */
export interface View {
  /** Index of the column that sorts the rows. */
  readonly column: number;
  readonly isReversed: boolean;
  /** Part of the names of the models to show. */
  readonly filter: string;
  /** Whether the user is typing the filter. */
  readonly isTyping: boolean;
  /** Rows above the first one that is shown. */
  readonly offset: number;
}

/** How the screen begins: by requests per second. */
export const FIRST_VIEW: View = {
  column: COLUMNS.findIndex(({ title }) => title === 'REQ/S'),
  isReversed: false,
  filter: '',
  isTyping: false,
  offset: 0,
};

/** Lines of the screen beside the rows: three above them and one below. */
const FRAME = 4;
/** Reasons of models that are not available, at most. */
const MOST_REASONS = 3;
/** Shorter screens show no reasons. */
const ROOM_FOR_REASONS = 14;
const GAP = '  ';
/** Names are cut to this width before a column is left out. */
const SHORTEST_NAME = 24;

/** The models that `view` shows, in its order. */
export function viewedModels(board: Board, { column, isReversed, filter }: View): ConsoleModel[] {
  const wanted = filter.toLowerCase();
  const shown = board.models.filter(({ model }) => model.toLowerCase().includes(wanted));
  return sorted(shown, COLUMNS[column]!, isReversed);
}

/** Rows of models that fit `height`, which decides how far the user can scroll. */
export function rowsIn(height: number, board: Board): number {
  return Math.max(1, height - FRAME - reasonsOf(board, height).length);
}

/** The screen: at most `height` lines of at most `width` columns. `status` is what is wrong with the connection. */
export function screenOf(board: Board, view: View, width: number, height: number, status: string): string[] {
  const models = viewedModels(board, view);
  const rows = rowsIn(height, board);
  // Models may have gone since the user scrolled.
  const offset = Math.min(view.offset, Math.max(0, models.length - rows));
  const visible = models.slice(offset, offset + rows);
  const columns = fitting(models, width);
  const widths = columns.map((column) => widthOf(column, models));
  const excess = total(widths) - width;
  if (excess > 0) widths[0] = Math.max(1, widths[0]! - excess);
  const lines = [
    ...headOf(board, models.length).map((text) => cut(text, width)),
    columns.map((column, index) => titleOf(column, widths[index]!, view)).join(GAP),
    ...visible.map((model) =>
      columns
        .map((column, index) =>
          painted(column, model, fit(column.text(model), widths[index]!, column.isRight)),
        )
        .join(GAP),
    ),
  ];
  const reasons = reasonsOf(board, height).map((text) => paint('bad', cut(text, width)));
  while (lines.length < height - 1 - reasons.length) lines.push('');
  lines.push(...reasons, footOf(view, models.length - visible.length, width, status));
  // A terminal of a few lines keeps the head.
  return lines.slice(0, height);
}

function headOf(board: Board, shown: number): string[] {
  const { gateway, models } = board;
  if (gateway === undefined) return ['Nexus', ''];
  const sum = (pick: (model: ConsoleModel) => number) => models.reduce((all, model) => all + pick(model), 0);
  const ready = models.filter(({ state }) => state === 'READY').length;
  return [
    [
      `Nexus ${printable(gateway.version)} ${printable(gateway.state).replace('_', ' ')}`,
      `up ${duration(board.time - gateway.started)}`,
      `CPU ${decimals(gateway.cpu_cores)} cores`,
      `memory ${sizeText(gateway.memory_bytes)}`,
      `event loop ${decimals(gateway.event_loop_ms)} ms`,
      `connections ${gateway.connections}`,
      `in flight ${sizeText(gateway.in_flight_bytes)}`,
      ...(gateway.processes > 1 ? [`processes ${gateway.processes}`] : []),
    ].join(GAP),
    [
      `models ${shown === models.length ? shown : `${shown} of ${models.length}`}`,
      `ready ${ready}`,
      `requests/s ${decimals(sum((model) => model.requests_per_s))}`,
      `errors/s ${decimals(sum((model) => model.errors_per_s))}`,
      `queue ${sum((model) => model.queue_requests)}`,
    ].join(GAP),
  ];
}

function titleOf(column: Column, width: number, { column: chosen, isReversed }: View): string {
  const title = fit(column.title, width, column.isRight);
  if (column !== COLUMNS[chosen]) return paint('heading', title);
  return paint(isReversed ? 'warning' : 'good', title);
}

function footOf({ filter, isTyping }: View, hidden: number, width: number, status: string): string {
  if (status !== '') return paint('bad', cut(printable(status), width));
  if (isTyping) return cut(`filter: ${filter}_${GAP}enter keeps it, esc clears it`, width);
  const more = hidden > 0 ? `${GAP}${hidden} more: ↑ ↓` : '';
  const kept = filter === '' ? '' : `${GAP}filter: ${filter}`;
  return paint('quiet', cut(`q quit${GAP}← → sort${GAP}r reverse${GAP}/ filter${more}${kept}`, width));
}

function reasonsOf(board: Board, height: number): string[] {
  if (height < ROOM_FOR_REASONS) return [];
  return board.models
    .filter(({ state, reason }) => state === 'UNAVAILABLE' && reason !== '')
    .slice(0, MOST_REASONS)
    .map(({ model, version, reason }) => printable(`${model}/${version}: ${reason}`));
}

/** The columns that fit `width`, with the least important ones left out. */
function fitting(models: readonly ConsoleModel[], width: number): Column[] {
  let columns = [...COLUMNS];
  const needed = () =>
    total(
      columns.map((column, index) =>
        index === 0 ? Math.min(SHORTEST_NAME, widthOf(column, models)) : widthOf(column, models),
      ),
    );
  while (columns.length > 1 && needed() > width) {
    const last = Math.max(...columns.map(({ rank }) => rank));
    columns = columns.filter(({ rank }) => rank !== last);
  }
  return columns;
}

function widthOf(column: Column, models: readonly ConsoleModel[]): number {
  return models.reduce((widest, model) => Math.max(widest, column.text(model).length), column.title.length);
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}

/** `text` at exactly `width`. */
function fit(text: string, width: number, isRight: boolean): string {
  const short = cut(text, width);
  return isRight ? short.padStart(width) : short.padEnd(width);
}

/** The first `width` characters of `text`; an ellipsis shows that some are missing. */
function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`.slice(0, width);
}

/** A duration in two units, such as `3 h 12 min`. */
function duration(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}
