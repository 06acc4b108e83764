import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, Matches, Max, Min, ValidateBy } from 'class-validator';

/**
 * The kinds of settings. Each decorator reads the text of an environment variable into the type of its field and
 * refuses what does not fit; the message of a refusal is the end of "expected ...".
 */

/** A whole number in decimal digits. */
export function WholeNumber(min: number, max: number): PropertyDecorator {
  const message = `a whole number from ${min} to ${max}`;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => digits(value)),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** A number of bytes: `67108864`, `64MiB`; the suffixes are KiB, MiB and GiB. */
export function ByteSize(min: number, max: number): PropertyDecorator {
  const message = `a number of bytes from ${min} to ${max}, such as 1048576 or 64MiB`;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => bytes(value)),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** One word of a fixed set; `note` tells more about the choice. */
export function OneOf(words: readonly string[], note = ''): PropertyDecorator {
  return IsIn(words, { message: `one of ${words.join(', ')}${note}` });
}

/** Text of a form; `expected` describes the form. */
export function Text(form: RegExp, expected: string): PropertyDecorator {
  return Matches(form, { message: expected });
}

/** A comma-separated list; every entry must pass `fits`. An empty text is an empty list. */
export function ListOf(fits: (entry: string) => boolean, expected: string): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? entries(value) : value)),
    Check((list) => (list as string[]).every(fits), expected),
  );
}

/** Any other rule, told the value and the whole object with the other settings. */
export function Check(
  holds: (value: unknown, settings: object) => boolean,
  expected: string,
): PropertyDecorator {
  return ValidateBy({
    name: 'check',
    validator: {
      validate: (value, context) => holds(value, context?.object ?? {}),
      defaultMessage: () => expected,
    },
  });
}

/** The number in `text`, or NaN; values that are no text are defaults and stay. */
function digits(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return /^\d+$/.test(value) ? Number(value) : NaN;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function bytes(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const [, count, unit = ''] = /^(\d+) ?([KMG]iB)?$/.exec(value) ?? [];
  return count === undefined ? NaN : Number(count) * (UNITS[unit] ?? NaN);
}

function entries(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
