import { ModelSettingsError } from '../model-settings';

/** Longest value of a file in a message, in characters. */
const MAX_SHOWN = 60;

/**
 * The fields of a JSON object in a file, with their types checked where they are read. A field that is null counts as
 * absent, because libraries write both. All errors name the file, the field, what was expected and what came.
 */
export class JsonFields {
  /**
   * @param shown path of the file in messages.
   * @param prefix path of the object in the file, with a dot at the end; empty for the file itself.
   */
  constructor(
    readonly shown: string,
    private readonly fields: Readonly<Record<string, unknown>>,
    private readonly prefix = '',
  ) {}

  /** Names of the fields that are not null. */
  get keys(): readonly string[] {
    return Object.keys(this.fields).filter((key) => this.get(key) !== undefined);
  }

  /** The value of any type. */
  get(key: string): unknown {
    return Object.hasOwn(this.fields, key) ? (this.fields[key] ?? undefined) : undefined;
  }

  /** @throws ModelSettingsError for a value that is not a text. */
  text(key: string): string | undefined {
    return this.typed(key, 'a text', isText);
  }

  /** @throws ModelSettingsError for a value that is not true or false. */
  flag(key: string): boolean | undefined {
    return this.typed(key, 'true or false', isFlag);
  }

  /** @throws ModelSettingsError for a value that is not a number from `minimum` to `maximum`. */
  number(key: string, minimum = -Number.MAX_VALUE, maximum = Number.MAX_VALUE): number | undefined {
    return this.typed(key, 'a number', (value) => isNumber(value) && value >= minimum && value <= maximum);
  }

  /** @throws ModelSettingsError for a value that is not an integer from `minimum` to `maximum`. */
  integer(key: string, minimum: number, maximum: number): number | undefined {
    const expected = `an integer from ${minimum} to ${maximum}`;
    return this.typed(
      key,
      expected,
      (value) => isNumber(value) && Number.isInteger(value) && value >= minimum && value <= maximum,
    );
  }

  /** @throws ModelSettingsError for a value that is not a list of numbers. */
  numbers(key: string): readonly number[] | undefined {
    return this.typed(key, 'a list of numbers', (value) => Array.isArray(value) && value.every(isNumber));
  }

  /** @throws ModelSettingsError for a value that is not an object. */
  object(key: string): JsonFields | undefined {
    const value = this.typed(key, 'an object', isObject);
    return value && new JsonFields(this.shown, value, `${this.prefix}${key}.`);
  }

  /** @throws ModelSettingsError for a value that is not an object whose fields are texts. */
  texts(key: string): Readonly<Record<string, string>> | undefined {
    const object = this.object(key);
    return object && Object.fromEntries(object.keys.map((name) => [name, object.text(name)!]));
  }

  /** The error that the value of `key` is not `expected`. `fix` is a sentence in the imperative. */
  fault(key: string, expected: string, fix = 'correct the file'): ModelSettingsError {
    const value = this.get(key);
    const text = value === undefined ? 'nothing' : JSON.stringify(value);
    const got = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
    return new ModelSettingsError(
      `${this.shown}: ${this.prefix}${key}: expected ${expected}, got ${got}; ${fix}`,
    );
  }

  private typed<T>(key: string, expected: string, test: (value: unknown) => value is T): T | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (!test(value)) throw this.fault(key, expected);
    return value;
  }
}

/** Whether `value` is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
