/** What is shown where there is no value. */
export const NONE = '–';

/** A number with three significant digits, e.g. `0.42`, `12.4`, `812`, `12.4k`. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 0.005) return '<0.01';
  if (size < 9.995) return String(Number(value.toFixed(2)));
  if (size < 99.95) return String(Number(value.toFixed(1)));
  if (size < 9999.5) return value.toFixed(0);
  if (size < 999_500) return `${Number((value / 1e3).toFixed(size < 99_950 ? 1 : 0))}k`;
  return `${Number((value / 1e6).toFixed(1))}M`;
}

/** A time in milliseconds with its unit. */
export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  return value < 1000 ? `${short(value)} ms` : `${short(value / 1000)} s`;
}

/** A size in bytes, in the largest binary unit that fits. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let unit = 0;
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1024;
  return `${short(size)} ${units[unit]}`;
}

/** A share as a percentage. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return NONE;
  const value = share * 100;
  return `${value > 0 && value < 0.1 ? '<0.1' : Number(value.toFixed(value < 10 ? 1 : 0))} %`;
}

/** A time span in its two largest units, e.g. `3 d 4 h`. */
export function span(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0 s';
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const MOMENT = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
});

/** The time of day for times of today, otherwise the day and the time. */
export function moment(time: number): string {
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  return (isToday ? CLOCK : MOMENT).format(time);
}
