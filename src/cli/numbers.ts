const MIB = 2 ** 20;

/** A number with about three significant figures, such as `0.42`, `12.5` or `1630`. */
export function figure(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** A number of bytes in MiB, or in GiB from 1 GiB on. */
export function sizeText(bytes: number): string {
  const mib = bytes / MIB;
  if (mib >= 1024) return `${(mib / 1024).toFixed(1)} GiB`;
  return `${mib.toFixed(mib >= 10 || mib === 0 ? 0 : 1)} MiB`;
}

/** `count` and `noun`, such as `1 row` or `8 rows`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
