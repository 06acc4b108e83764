import { useMemo, useRef, useState } from 'preact/hooks';
import type { ConsoleModel } from '../data/schemas.ts';
import { Empty, Section, State } from '../ui/parts.tsx';
import { modelHref } from '../ui/route.ts';
import { COLUMNS, type Column } from './columns.ts';

/** Height of a row in pixels, as in the style sheet. */
const ROW = 37;
/** Rows that are rendered at most: those in view, and some above and below. */
const RENDERED = 40;
const AHEAD = 8;

const FILTERS = {
  all: ['All', () => true],
  problems: ['Not ready', ({ state, reason }: ConsoleModel) => state !== 'READY' && reason !== 'unloaded'],
  idle: ['Not loaded', ({ reason }: ConsoleModel) => reason === 'unloaded'],
  busy: ['With traffic', ({ requests_per_s }: ConsoleModel) => requests_per_s > 0],
  failing: ['With errors', ({ errors_per_s }: ConsoleModel) => errors_per_s > 0],
} as const;

/** All versions of all models. However many there are, only those in view are rendered. */
export function ModelTable({ models }: { models: readonly ConsoleModel[] }) {
  const [text, setText] = useState('');
  const [filter, setFilter] = useState<keyof typeof FILTERS>('all');
  const [sort, setSort] = useState<{ column: Column; down: boolean }>({ column: COLUMNS[0]!, down: false });
  const [top, setTop] = useState(0);
  const holder = useRef<HTMLDivElement>(null);

  const shown = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/);
    const matches = (model: ConsoleModel) => {
      const name = `${model.model}/${model.version} ${model.aliases.join(' ')}`.toLowerCase();
      return words.every((word) => name.includes(word)) && FILTERS[filter][1](model);
    };
    return models.filter(matches).toSorted(orderBy(sort.column, sort.down));
  }, [models, text, filter, sort]);

  const first = Math.max(0, Math.min(Math.floor(top / ROW) - AHEAD, shown.length - RENDERED));
  const rows = shown.slice(first, first + RENDERED);
  const below = Math.max(0, shown.length - first - rows.length);
  const change = (apply: () => void) => {
    apply();
    holder.current?.scrollTo(0, 0);
  };
  const sortBy = (column: Column) =>
    change(() => setSort({ column, down: sort.column === column ? !sort.down : column.value !== undefined }));

  const controls = (
    <>
      <label class="hidden" for="search">
        Search models
      </label>
      <input
        id="search"
        type="search"
        placeholder="Search models"
        value={text}
        onInput={({ currentTarget }) => change(() => setText(currentTarget.value))}
      />
      <label class="hidden" for="filter">
        Show
      </label>
      <select
        id="filter"
        value={filter}
        onChange={({ currentTarget }) => change(() => setFilter(currentTarget.value as keyof typeof FILTERS))}
      >
        {Object.entries(FILTERS).map(([key, [name]]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
  const count = shown.length === models.length ? `${models.length}` : `${shown.length} of ${models.length}`;
  return (
    <Section title="Models" note={count} aside={controls}>
      {shown.length === 0 ? (
        <Empty>
          {models.length === 0
            ? 'No model is served. Put a folder with model.onnx into the model repository.'
            : 'No model matches. Change the search or the filter.'}
        </Empty>
      ) : (
        <div
          ref={holder}
          class="panel scroll models"
          tabIndex={0}
          role="region"
          aria-label="Models"
          onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
        >
          <table aria-rowcount={shown.length + 1}>
            <thead>
              <tr aria-rowindex={1}>
                {COLUMNS.map((column) => (
                  <Head key={column.name} column={column} sort={sort} onSort={() => sortBy(column)} />
                ))}
              </tr>
            </thead>
            <tbody>
              {first > 0 && <Space height={first * ROW} />}
              {rows.map((model, index) => (
                <Row key={`${model.model}/${model.version}`} model={model} index={first + index + 2} />
              ))}
              {below > 0 && <Space height={below * ROW} />}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

/** The room of the rows that are not rendered. */
function Space({ height }: { height: number }) {
  return (
    <tr class="space" aria-hidden="true">
      <td colSpan={COLUMNS.length} style={{ height: `${height}px` }} />
    </tr>
  );
}

interface HeadProps {
  readonly column: Column;
  readonly sort: { column: Column; down: boolean };
  readonly onSort: () => void;
}

function Head({ column, sort, onSort }: HeadProps) {
  const direction = sort.column !== column ? undefined : sort.down ? 'descending' : 'ascending';
  return (
    <th scope="col" class={column.kind} aria-sort={direction ?? 'none'} title={column.title}>
      <button type="button" onClick={onSort}>
        {column.name}
        <span aria-hidden="true">{direction === undefined ? '' : sort.down ? ' ↓' : ' ↑'}</span>
      </button>
    </th>
  );
}

function Row({ model, index }: { model: ConsoleModel; index: number }) {
  return (
    <tr aria-rowindex={index}>
      <th scope="row">
        <a href={modelHref(model.model)}>{model.model}</a>
        <span class="muted"> {model.version}</span>
        {model.aliases.map((alias) => (
          <span key={alias} class="tag">
            {alias}
          </span>
        ))}
      </th>
      <td class="reason" title={model.reason}>
        <State state={model.state} reason={model.reason} />
        {model.reason !== '' && model.reason !== 'unloaded' && (
          <span class="muted wide"> {model.reason}</span>
        )}
      </td>
      {COLUMNS.slice(2).map(({ name, kind, show, isBad }) => (
        <td key={name} class={isBad?.(model) ? `${kind} bad` : kind}>
          {show(model)}
        </td>
      ))}
    </tr>
  );
}

function orderBy({ value }: Column, down: boolean) {
  const sign = down ? -1 : 1;
  return (one: ConsoleModel, other: ConsoleModel): number => {
    const difference = value === undefined ? 0 : (value(one) ?? -1) - (value(other) ?? -1);
    if (difference !== 0) return sign * difference;
    const byName = one.model < other.model ? -1 : Number(one.model > other.model);
    return (value === undefined ? sign : 1) * byName || Number(other.version) - Number(one.version);
  };
}
