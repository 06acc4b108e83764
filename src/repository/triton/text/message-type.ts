/** A scalar type, by its protobuf name. */
export type Scalar = 'string' | 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'double';

/** Type of a field: a scalar, the names of an enum in the order of their numbers, a message, or a repeated field of one of these. */
export type FieldType = Scalar | readonly string[] | MessageType | Many<FieldType>;

/** Key of a list of fields of which a message can have only one. */
export const ONE_OF = Symbol('oneof');

/** Types of the fields of a message, by name. */
export interface MessageType {
  readonly [field: string]: FieldType;
  readonly [ONE_OF]?: readonly string[];
}

/** A repeated field. */
export class Many<T> {
  constructor(
    readonly type: T,
    readonly isMap = false,
  ) {}
}

/** A repeated field of `type`. */
export function many<const T extends FieldType>(type: T): Many<T> {
  return new Many(type);
}

/** A map: in the text format, a repeated message with the fields key and value. */
export function mapOf<const T extends FieldType>(value: T): Many<{ key: 'string'; value: T }> {
  return new Many({ key: 'string', value }, true);
}

/** A map with integer keys. */
export function numberedMapOf<const T extends FieldType>(value: T): Many<{ key: 'uint64'; value: T }> {
  return new Many({ key: 'uint64', value }, true);
}

/** A parsed message: the fields that are present in the text. Integers are numbers, so large ones may lose precision. */
export type MessageOf<T> = { readonly [K in keyof T & string]?: ValueOf<T[K]> };

/** A parsed value of a field of type `T`. */
export type ValueOf<T> =
  T extends Many<infer E>
    ? readonly ValueOf<E>[]
    : T extends readonly (infer Name)[]
      ? Name
      : T extends 'string'
        ? string
        : T extends 'bool'
          ? boolean
          : T extends Scalar
            ? number
            : MessageOf<T>;
