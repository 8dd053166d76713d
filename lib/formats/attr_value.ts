import { dataTypeOf } from "@/lib/formats/data_types.ts";
import { bytesField, concatBytes, floatField, varintField } from "@/lib/formats/protobuf.ts";

/** TF_AttrType (tensorflow/c/c_api.h). */
export const attributeTypes = {
  string: 0,
  int: 1,
  float: 2,
  bool: 3,
  type: 4,
  shape: 5,
  function: 8,
} as const;

/** A TF_AttrType. */
export type AttributeType = number;

/**
 * An op's setting: text or bytes, a number, a flag, a data type by its name, a shape (-1 where a size is unknown), a
 * function by its name, or a list of one of these.
 */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array<ArrayBuffer>
  | readonly string[]
  | readonly Uint8Array<ArrayBuffer>[]
  | readonly (number | bigint)[]
  | readonly boolean[]
  | readonly (readonly number[])[];

/** An attribute as tfjs's node kernels state it too. */
export interface Attribute {
  readonly name: string;
  readonly type: AttributeType;
  readonly value: AttributeValue;
  /** Whether the value is a list of this type; by default, what the value looks like. */
  readonly isList?: boolean;
}

/** An AttrValue message (tensorflow/core/framework/attr_value.proto). */
export function encodeAttribute(
  { name, type, value, isList = Array.isArray(value) && (type !== attributeTypes.shape || Array.isArray(value[0])) }:
    Attribute,
): Uint8Array<ArrayBuffer> {
  const write = fieldWriters.get(type);
  if (!write) throw new TypeError(`Cannot set ${name}: it is of a kind (${type}) that has no values here`);
  return isList ? bytesField(1, concatBytes(...(value as unknown[]).map(write))) : write(value);
}

/** Fields of an AttrValue, and of its list of values, by their types. */
const fieldWriters = new Map<AttributeType, (value: unknown) => Uint8Array<ArrayBuffer>>([
  [attributeTypes.string, (value) => bytesField(2, value instanceof Uint8Array ? value : String(value))],
  // tfjs's seeds may have fractions
  [attributeTypes.int, (value) => varintField(3, typeof value === "bigint" ? value : Math.trunc(Number(value)))],
  [attributeTypes.float, (value) => floatField(4, Number(value))],
  [attributeTypes.bool, (value) => varintField(5, Boolean(value))],
  [attributeTypes.type, (value) => varintField(6, dataTypeOf(value))],
  [attributeTypes.shape, (value) => bytesField(7, concatBytes(...(value as number[]).map(dimension)))],
  [attributeTypes.function, (value) => bytesField(10, bytesField(1, String(value)))], // in a list it would be field 9
]);

function dimension(size: number): Uint8Array {
  return bytesField(2, varintField(1, size));
}
