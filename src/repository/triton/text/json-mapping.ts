import { Many, type FieldType, type MessageType, type Scalar } from './message-type';
import type { TextField, Value } from './parse-text';
import { parseJson } from './parse-json';

const NUMBER = /^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|Infinity|NaN)$/;

/**
 * Reads the JSON mapping of a protobuf message of type `type` (https://protobuf.dev/programming-guides/json) into the
 * form of the text format. Names may be in camel case, maps are objects, enums are strings in any case, numbers may be
 * strings, and null and empty arrays are treated as absent.
 * @throws Fault if `text` is not a JSON object. Values that do not match `type` are left unchanged.
 */
export function parseMessageJson(text: string, type: MessageType): readonly TextField[] {
  return asMessage(parseJson(text), type);
}

function asMessage(fields: readonly TextField[], type: MessageType): readonly TextField[] {
  return fields
    .filter(({ value }) => !isNothing(value))
    .map((field) => {
      const name = field.name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const value = Object.hasOwn(type, name) ? asValue(field.value, type[name]!) : field.value;
      return { ...field, name, value };
    });
}

function isNothing(value: Value): boolean {
  if (value.kind === 'list') return value.items.length === 0;
  return value.kind === 'identifier' && value.text === 'null';
}

function asValue(value: Value, type: FieldType): Value {
  if (type instanceof Many) return asMany(value, type);
  if (typeof type === 'string') return asScalar(value, type);
  if (Array.isArray(type)) return asEnum(value);
  return value.kind === 'message'
    ? { ...value, fields: asMessage(value.fields, type as MessageType) }
    : value;
}

function asMany(value: Value, { type, isMap }: Many<FieldType>): Value {
  if (isMap && value.kind === 'message')
    return {
      ...value,
      kind: 'list',
      items: value.fields.map((field) => asEntry(field, type as MessageType)),
    };
  if (value.kind !== 'list') return value;
  return { ...value, items: value.items.map((item) => asValue(item, type)) };
}

/** Converts a key of an object to an entry of a map. */
function asEntry({ name, value, at }: TextField, { key, value: type }: MessageType): Value {
  const fields = [
    { name: 'key', value: asValue({ kind: 'string', text: name, at }, key!), at },
    { name: 'value', value: asValue(value, type!), at },
  ];
  return { kind: 'message', fields, at };
}

function asScalar(value: Value, type: Scalar): Value {
  if (type === 'string' || type === 'bool') return value;
  if ((value.kind !== 'string' && value.kind !== 'number') || !NUMBER.test(value.text)) return value;
  return { ...value, kind: 'number', text: type === 'double' ? value.text : wholeText(value.text) };
}

/** Rewrites integers such as 1e3 and 8.0 without exponent and decimal point. Other numbers are left unchanged. */
function wholeText(text: string): string {
  const number = Number(text);
  return /^-?[0-9]+$/.test(text) || !Number.isSafeInteger(number) ? text : String(number);
}

function asEnum(value: Value): Value {
  return value.kind === 'string' ? { ...value, kind: 'identifier', text: value.text.toUpperCase() } : value;
}
