import { nearest } from '../../../common/nearest';
import { Fault, type Position } from './fault';
import { Many, ONE_OF, type FieldType, type MessageOf, type MessageType } from './message-type';
import { describeValue, readEnum, readScalar } from './read-scalar';
import type { TextField, Value } from './parse-text';
import { expected } from './tokens';

type Mutable = Record<string, unknown>;

/** Position of each field of each parsed message; the position of the message itself has the key ''. */
const POSITIONS = new WeakMap<object, Map<string, Position>>();

/**
 * Converts `fields` to a message of type `type`.
 * @throws Fault for an unknown field, a repeated field that is not declared as repeated, or a value of the wrong type.
 */
export function readMessage<const T extends MessageType>(
  fields: readonly TextField[],
  type: T,
): MessageOf<T> {
  return readFields(fields, type, { line: 1 }) as MessageOf<T>;
}

/** Position of `field` in a parsed message, the first one if it is repeated; without `field`, the position of the message. */
export function positionOf(message: object, field = ''): Position {
  const positions = POSITIONS.get(message);
  return positions?.get(field) ?? positions?.get('') ?? { line: 1 };
}

function readFields(fields: readonly TextField[], type: MessageType, at: Position): Mutable {
  const message: Mutable = {};
  const positions = new Map([['', at]]);
  POSITIONS.set(message, positions);
  for (const field of fields) {
    add(field, typeOf(field, type), message);
    refuseSecondChoice(field, type, message);
    if (!positions.has(field.name)) positions.set(field.name, field.at);
  }
  return message;
}

function typeOf({ name, at }: TextField, type: MessageType): FieldType {
  if (Object.hasOwn(type, name)) return type[name]!;
  const known = Object.keys(type);
  // Comparison takes time that grows with the length of the name, and no field has a long name.
  const near = name.length > 60 ? undefined : nearest(name, known);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  throw new Fault(at, `unknown field '${name.slice(0, 60)}'${hint}`);
}

function add({ name, value, at }: TextField, type: FieldType, message: Mutable): void {
  if (type instanceof Many) {
    const values = (message[name] ??= []) as unknown[];
    const items = value.kind === 'list' ? value.items : [value];
    for (const item of items) values.push(readValue(item, type.type, name));
    return;
  }
  if (Object.hasOwn(message, name)) throw new Fault(at, `field '${name}' is set twice; remove one of them`);
  message[name] = readValue(value, type, name);
}

function readValue(value: Value, type: FieldType, name: string): unknown {
  if (typeof type === 'string') return readScalar(value, type, name);
  if (isEnum(type)) return readEnum(value, type, name);
  if (value.kind !== 'message') throw expected(`{ after ${name}`, describeValue(value), value.at);
  return readFields(value.fields, type as MessageType, value.at);
}

function refuseSecondChoice({ name, at }: TextField, type: MessageType, message: Mutable): void {
  const choices = type[ONE_OF] ?? [];
  if (!choices.includes(name)) return;
  const other = choices.find((choice) => choice !== name && Object.hasOwn(message, choice));
  if (other !== undefined)
    throw new Fault(at, `expected only one of ${choices.join(', ')}, got both ${other} and ${name}`);
}

function isEnum(type: FieldType): type is readonly string[] {
  return Array.isArray(type);
}
