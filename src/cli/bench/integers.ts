import { usageError } from '../command-error';

/** The most values of one option: each is measured on its own. */
const MOST_VALUES = 32;

const FORMS = 'numbers such as 1,8,64, a range such as 1:8 or 2:16:2, or 1:64:x2 to multiply';

/**
 * The positive integers of a list such as `1,8,64`, or of a range `start:end`, `start:end:step` or `start:end:x<factor>`,
 * ascending and without duplicates.
 * @throws CommandError usage
 */
export function integersOf(option: string, text: string): number[] {
  const refuse = () => usageError(`expected ${option} with ${FORMS}; came ${JSON.stringify(text)}`);
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to, times, step] = /^(\d+)(?::(\d+)(?::(x?)(\d+))?)?$/.exec(part) ?? [];
    const first = Number(from);
    const last = Number(to ?? from);
    const by = Number(step ?? 1);
    if (!Number.isSafeInteger(first) || first < 1 || last < first || by < (times === 'x' ? 2 : 1))
      throw refuse();
    for (let value = first; value <= last; value = times === 'x' ? value * by : value + by) {
      numbers.add(value);
      if (numbers.size > MOST_VALUES)
        throw usageError(`expected ${option} with at most ${MOST_VALUES} values`);
    }
  }
  return [...numbers].toSorted((one, other) => one - other);
}

/** A positive number, such as of seconds. @throws CommandError usage */
export function positiveOf(option: string, text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw usageError(`expected ${option} with a positive number; came ${JSON.stringify(text)}`);
}
