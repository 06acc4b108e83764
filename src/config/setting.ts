import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, Matches, Max, Min, ValidateBy } from 'class-validator';

/**
 * The types of settings. Each decorator converts the text of an environment variable to the type of its field and
 * rejects invalid values. Its message completes "expected ...".
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

/** A number of bytes, with an optional suffix KiB, MiB or GiB: `67108864`, `64MiB`. */
export function ByteSize(min: number, max: number): PropertyDecorator {
  const message = `a number of bytes from ${min} to ${max}, such as 1048576 or 64MiB`;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => bytes(value)),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** A share of a whole, as a number from 0 to 1: `0.05`. */
export function Share(): PropertyDecorator {
  const message = 'a number from 0 to 1, such as 0.05';
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => decimal(value)),
    Min(0, { message }),
    Max(1, { message }),
  );
}

/** One word of a fixed set; `note` is appended to the message. */
export function OneOf(words: readonly string[], note = ''): PropertyDecorator {
  return IsIn(words, { message: `one of ${words.join(', ')}${note}` });
}

/** Text that matches `form`; `expected` describes the form. */
export function Text(form: RegExp, expected: string): PropertyDecorator {
  return Matches(form, { message: expected });
}

/** A comma-separated list whose entries all pass `fits`. Empty text is an empty list. */
export function ListOf(fits: (entry: string) => boolean, expected: string): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? entries(value) : value)),
    Check((list) => (list as string[]).every(fits), expected),
  );
}

/** Name of the constraint of {@link SecretList} and {@link SecretCheck}. Messages must not contain the value. */
export const SECRET = 'secret';

/**
 * A comma-separated list of secrets whose entries all match `form`. An empty entry is a fault: a list of keys without a key
 * would leave the server open.
 */
export function SecretList(form: RegExp, expected: string): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : value,
    ),
    SecretCheck((list) => (list as string[]).every((entry) => form.test(entry)), expected),
  );
}

/** A rule for a value that is a secret or contains one. */
export function SecretCheck(holds: (value: unknown) => boolean, expected: string): PropertyDecorator {
  return ValidateBy({ name: SECRET, validator: { validate: holds, defaultMessage: () => expected } });
}

/** Any other rule. `holds` receives the value and the object with all settings. */
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

/** The number in `value`, or NaN. Values that are not text are defaults and are returned unchanged. */
function digits(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return /^\d+$/.test(value) ? Number(value) : NaN;
}

/** Like {@link digits}, with decimals. */
function decimal(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return /^\d*\.?\d+$/.test(value) ? Number(value) : NaN;
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
