import { cName, type Status, type Symbols } from "./c_api.ts";
import { type DataTypeName, dataTypes } from "./data_types.ts";

/** TF_AttrType (tensorflow/c/c_api.h). */
export const attributeKinds = {
  string: 0,
  int: 1,
  float: 2,
  bool: 3,
  type: 4,
  shape: 5,
  tensor: 6,
  placeholder: 7,
  function: 8,
} as const;

/** A TF_AttrType. */
export type AttributeKind = number;

/**
 * An op's setting: text or bytes, a number, a flag, a data type by name, a shape (-1: unknown size), or a list of one
 * of these. Which of them it is, TensorFlow's definition of the op says.
 */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array<ArrayBuffer>
  | readonly string[]
  | readonly number[]
  | readonly bigint[]
  | readonly boolean[]
  | readonly (readonly number[])[];

/** An attribute whose kind is known. */
export interface Attribute {
  readonly name: string;
  readonly kind: AttributeKind;
  readonly value: AttributeValue;
}

const encoder = new TextEncoder();

/** Sets an attribute of a TFE_Op that is to be executed. */
export function setAttribute(symbols: Symbols, op: Deno.PointerValue, attribute: Attribute, status: Status): void {
  const { value } = attribute;
  const name = cName(attribute.name);
  if (Array.isArray(value)) {
    setList(symbols, op, attribute, status);
    return;
  }
  switch (attribute.kind) {
    case attributeKinds.string: {
      const bytes = toBytes(value);
      symbols.TFE_OpSetAttrString(op, name, bytes, BigInt(bytes.length));
      return;
    }
    case attributeKinds.int:
      symbols.TFE_OpSetAttrInt(op, name, BigInt(value as number | bigint));
      return;
    case attributeKinds.float:
      symbols.TFE_OpSetAttrFloat(op, name, Number(value));
      return;
    case attributeKinds.bool:
      symbols.TFE_OpSetAttrBool(op, name, value ? 1 : 0);
      return;
    case attributeKinds.type:
      symbols.TFE_OpSetAttrType(op, name, toType(value));
      return;
    case attributeKinds.function: {
      const bytes = toBytes(value);
      symbols.TFE_OpSetAttrFunctionName(op, name, bytes, BigInt(bytes.length));
      return;
    }
    default:
      throw new TypeError(`Cannot set ${attribute.name} to ${value}: attributes of this kind are not supported`);
  }
}

function setList(symbols: Symbols, op: Deno.PointerValue, attribute: Attribute, status: Status): void {
  const name = cName(attribute.name);
  const values = attribute.value as readonly unknown[];
  const count = values.length;
  switch (attribute.kind) {
    case attributeKinds.string: {
      const texts = values.map(toBytes);
      const pointers = BigUint64Array.from(texts, (text) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(text)));
      const lengths = BigUint64Array.from(texts, (text) => BigInt(text.length));
      symbols.TFE_OpSetAttrStringList(op, name, pointers, lengths, count);
      return;
    }
    case attributeKinds.int:
      symbols.TFE_OpSetAttrIntList(op, name, toInt64(values as number[]), count);
      return;
    case attributeKinds.float:
      symbols.TFE_OpSetAttrFloatList(op, name, Float32Array.from(values as number[]), count);
      return;
    case attributeKinds.bool:
      symbols.TFE_OpSetAttrBoolList(op, name, Uint8Array.from(values, (flag) => flag ? 1 : 0), count);
      return;
    case attributeKinds.type:
      symbols.TFE_OpSetAttrTypeList(op, name, Int32Array.from(values, toType), count);
      return;
    case attributeKinds.shape:
      if (Array.isArray(values[0])) {
        const shapes = (values as number[][]).map(toInt64);
        const pointers = BigUint64Array.from(shapes, (shape) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(shape)));
        const ranks = Int32Array.from(shapes, (shape) => shape.length);
        symbols.TFE_OpSetAttrShapeList(op, name, pointers, ranks, count, status.pointer);
      } else {
        symbols.TFE_OpSetAttrShape(op, name, toInt64(values as number[]), count, status.pointer);
      }
      status.check(attribute.name);
      return;
    default:
      throw new TypeError(`Cannot set ${attribute.name} to a list: lists of this kind are not supported`);
  }
}

function toBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return value instanceof Uint8Array ? value as Uint8Array<ArrayBuffer> : encoder.encode(String(value));
}

export function toInt64(values: readonly (number | bigint)[]): BigInt64Array<ArrayBuffer> {
  const result = new BigInt64Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = BigInt(values[i]!);
  return result;
}

function toType(value: unknown): number {
  if (typeof value === "number") return value;
  const type = dataTypes[value as DataTypeName];
  if (type === undefined) {
    throw new TypeError(`Unknown data type "${value}": the types are ${Object.keys(dataTypes).join(", ")}`);
  }
  return type;
}
