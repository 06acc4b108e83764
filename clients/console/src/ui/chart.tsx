import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { WINDOW_S, type Field, type History } from '../data/history.ts';
import { NONE } from './format.ts';

/** A line of a chart. Its colour is the custom property `--<color>` of the page. */
export interface Line {
  readonly field: Field;
  readonly label: string;
  readonly color: string;
  /** Lengths of strokes and gaps, so that lines differ without colours. */
  readonly dash?: number[];
}

interface Props {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly history: History | undefined;
  readonly format: (value: number | null | undefined) => string;
}

const HEIGHT = 132;
/** Narrower charts have fewer labels. */
const NARROW = 300;

/** The last five minutes of some fields, with the values now, or those under the pointer. */
export function Chart({ title, lines, history, format }: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [hovered, setHovered] = useState<number | null>(null);
  const dark = useDarkMode();

  useEffect(() => {
    const { width } = holder.current!.getBoundingClientRect();
    const options = optionsFor(lines, format, holder.current!, width, setHovered);
    plot.current = new uPlot(options, dataOf(lines, history), holder.current!);
    const resized = new ResizeObserver(([entry]) => {
      const next = Math.floor(entry!.contentRect.width);
      if (next > 0) plot.current?.setSize({ width: next, height: HEIGHT });
    });
    resized.observe(holder.current!);
    return () => {
      resized.disconnect();
      plot.current?.destroy();
    };
  }, [dark]);

  const last = history?.times.at(-1);
  useEffect(() => plot.current?.setData(dataOf(lines, history)), [history, last]);

  const index = hovered ?? (history?.times.length ?? 0) - 1;
  const values = lines.map(({ field, label }) => [label, format(history?.of(field)[index])] as const);
  const summary = values.map(([label, value]) => `${label} ${value}`).join(', ');
  return (
    <figure class="chart panel">
      <figcaption>
        <h3>{title}</h3>
        <dl>
          {values.map(([label, value], line) => (
            <div key={label}>
              <dt>
                <i class={`swatch ${lines[line]!.color}`} aria-hidden="true" />
                {label}
              </dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </figcaption>
      <div ref={holder} class="plot" role="img" aria-label={`${title}, last five minutes: ${summary}`} />
    </figure>
  );
}

function dataOf(lines: readonly Line[], history: History | undefined): uPlot.AlignedData {
  if (history === undefined) return [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData;
  return [history.times, ...lines.map(({ field }) => history.of(field))] as unknown as uPlot.AlignedData;
}

function optionsFor(
  lines: readonly Line[],
  format: Props['format'],
  element: HTMLElement,
  width: number,
  hover: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const font = `11px ${style.fontFamily}`;
  const axis = {
    stroke: color('muted'),
    font,
    grid: { stroke: color('grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'console' }, y: false, points: { size: 5 }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, __, max) => [(max ?? Date.now() / 1000) - WINDOW_S, max ?? Date.now() / 1000] },
      y: { range: (_, __, max) => [0, (max ?? 0) > 0 ? max * 1.15 : 1] },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 22,
        values: (u, ticks) => ticks.map((tick) => ago(tick, u.scales['x']!.max!)),
        splits: (u, _, __, max) => (u.width < NARROW ? [240, 120] : [240, 180, 120, 60]).map((s) => max - s),
      },
      {
        ...axis,
        size: 48,
        space: 32,
        values: (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : format(tick).replace(NONE, ''))),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name, dash }) => ({
        label,
        stroke: color(name),
        width: 1.5,
        points: { show: false },
        ...(dash && { dash }),
        ...(lines.length === 1 && { fill: `${color(name)}22` }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => hover(cursor.idx ?? null)] },
  };
}

function ago(tick: number, now: number): string {
  return `−${Math.round((now - tick) / 60)} min`;
}

/** Whether the page is dark; a canvas does not change its colours by itself. */
function useDarkMode(): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const changed = () => setDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, [query]);
  return dark;
}
