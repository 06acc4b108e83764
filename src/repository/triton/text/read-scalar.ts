import type { Scalar } from './message-type';
import type { Value } from './parse-text';
import { expected } from './tokens';

const INTEGER = /^-?(?:0[xX][0-9A-Fa-f]+|[0-9]+)$/;
const DECIMAL = /^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?$/;
const NAMED_NUMBER = /^(-?)(?:(nan)|inf(?:inity)?)f?$/i;

const RANGES = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  t: true,
  false: false,
  False: false,
  f: false,
};

/** Reads the value of a scalar field. @throws Fault if the value does not match the type. */
export function readScalar(value: Value, type: Scalar, name: string): string | boolean | number {
  const read = scalarOf(value, type);
  if (read === undefined) throw expected(`${type} for ${name}`, describeValue(value), value.at);
  return read;
}

/** Reads an enum value, written as a name or a number. Returns the name. @throws Fault */
export function readEnum(value: Value, names: readonly string[], name: string): string {
  const number = value.kind === 'number' ? integerOf(value.text) : undefined;
  const found = value.kind === 'identifier' ? value.text : names[Number(number ?? -1)];
  if (found !== undefined && names.includes(found)) return found;
  throw expected(`${names.join(', ')} for ${name}`, describeValue(value), value.at);
}

/** Text for an invalid value in an error message. */
export function describeValue(value: Value): string {
  if (value.kind === 'message' || value.kind === 'list') return `a ${value.kind}`;
  return value.kind === 'string' ? JSON.stringify(value.text) : value.text;
}

function scalarOf(value: Value, type: Scalar): string | boolean | number | undefined {
  if (value.kind === 'message' || value.kind === 'list') return undefined;
  if (type === 'string') return value.kind === 'string' ? value.text : undefined;
  if (value.kind === 'string') return undefined;
  if (type === 'bool') return booleanOf(value.kind, value.text);
  if (type === 'double') return doubleOf(value.text);
  const integer = integerOf(value.text);
  if (integer === undefined) return undefined;
  const [least, most] = RANGES[type];
  return integer < least || integer > most ? undefined : Number(integer);
}

function booleanOf(kind: Value['kind'], text: string): boolean | undefined {
  if (kind === 'identifier') return Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
  const integer = integerOf(text);
  return integer === 0n || integer === 1n ? integer === 1n : undefined;
}

function integerOf(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const digits = text.replace('-', '');
  // A number of more than 24 characters is outside every range, and converting long numbers is slow.
  if (digits.length > 24) return text.startsWith('-') ? -(2n ** 80n) : 2n ** 80n;
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return text.startsWith('-') ? -magnitude : magnitude;
}

function doubleOf(text: string): number | undefined {
  const [, sign, isNan] = NAMED_NUMBER.exec(text) ?? [];
  if (sign !== undefined) return isNan === undefined ? Number(`${sign}Infinity`) : Number.NaN;
  // A number with a leading zero is octal, which is not a valid float.
  if (!DECIMAL.test(text) || /^-?0[0-9]/.test(text)) return undefined;
  return Number(text.replace(/f$/i, ''));
}
