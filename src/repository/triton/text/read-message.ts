import { nearest } from '../../../common/nearest';
import { Fault, type Position } from './fault';
import { Many, ONE_OF, type FieldType, type MessageOf, type MessageType } from './message-type';
import { readEnum, readScalar, valueShown } from './read-scalar';
import type { TextField, Value } from './parse-text';
import { expected } from './tokens';

type Mutable = Record<string, unknown>;

/** Where each field of each read message stands; the message itself is under ''. */
const POSITIONS = new WeakMap<object, Map<string, Position>>();

/**
 * Gives `fields` the types that `type` has for them.
 * @throws Fault for a field that the type has not, that is repeated though it must not be, or whose value is of
 *   another type.
 */
export function readMessage<const T extends MessageType>(
  fields: readonly TextField[],
  type: T,
): MessageOf<T> {
  return readFields(fields, type, { line: 1 }) as MessageOf<T>;
}

/** Where `field` of a message that was read stands, first if it is repeated; without `field`, where the message stands. */
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
  // Comparing takes time with the length of the word, and no field has a long name.
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
  if (Object.hasOwn(message, name)) throw new Fault(at, `field '${name}' stands here a second time`);
  message[name] = readValue(value, type, name);
}

function readValue(value: Value, type: FieldType, name: string): unknown {
  if (typeof type === 'string') return readScalar(value, type, name);
  if (isEnum(type)) return readEnum(value, type, name);
  if (value.kind !== 'message') throw expected(`{ after ${name}`, valueShown(value), value.at);
  return readFields(value.fields, type as MessageType, value.at);
}

function refuseSecondChoice({ name, at }: TextField, type: MessageType, message: Mutable): void {
  const choices = type[ONE_OF] ?? [];
  if (!choices.includes(name)) return;
  const other = choices.find((choice) => choice !== name && Object.hasOwn(message, choice));
  if (other !== undefined)
    throw new Fault(at, `expected only one of ${choices.join(', ')}, got ${other} too`);
}

function isEnum(type: FieldType): type is readonly string[] {
  return Array.isArray(type);
}
