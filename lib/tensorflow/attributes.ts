import { cName, type Status, type Symbols } from "./c_api.ts";
import { dataTypeOf } from "./data_types.ts";
import { toInt64 } from "./tensor_values.ts";

/** TF_AttrType (tensorflow/c/c_api.h). */
export const attributeTypes = {
  string: 0,
  int: 1,
  float: 2,
  bool: 3,
  type: 4,
  shape: 5,
} as const;

/** A TF_AttrType. */
export type AttributeType = number;

/**
 * An op's setting: text or bytes, a number, a flag, a data type by its name, a shape (-1 where a size is unknown), or a
 * list of one of these.
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

/** Sets an attribute of an op that is about to be executed; the caller checks the status. */
export function setAttribute(symbols: Symbols, op: Deno.PointerValue, attribute: Attribute, status: Status): void {
  const { type, value } = attribute;
  if (attribute.isList ?? (Array.isArray(value) && (type !== attributeTypes.shape || Array.isArray(value[0])))) {
    setList(symbols, op, attribute, status);
    return;
  }
  const name = cName(attribute.name);
  switch (type) {
    case attributeTypes.string: {
      const [bytes, length] = toText(value);
      symbols.TFE_OpSetAttrString(op, name, bytes, length);
      return;
    }
    case attributeTypes.int:
      // tfjs's seeds may have fractions
      symbols.TFE_OpSetAttrInt(op, name, typeof value === "bigint" ? value : BigInt(Math.trunc(Number(value))));
      return;
    case attributeTypes.float:
      symbols.TFE_OpSetAttrFloat(op, name, Number(value));
      return;
    case attributeTypes.bool:
      symbols.TFE_OpSetAttrBool(op, name, value ? 1 : 0);
      return;
    case attributeTypes.type:
      symbols.TFE_OpSetAttrType(op, name, dataTypeOf(value));
      return;
    case attributeTypes.shape: {
      const sizes = value as readonly number[];
      symbols.TFE_OpSetAttrShape(op, name, toInt64(sizes), sizes.length, status.pointer);
      return;
    }
    default:
      throw new TypeError(`Cannot set ${attribute.name}: it is of a kind (${type}) that has no values here`);
  }
}

function setList(symbols: Symbols, op: Deno.PointerValue, attribute: Attribute, status: Status): void {
  const name = cName(attribute.name);
  const values = attribute.value as readonly unknown[];
  const count = values.length;
  switch (attribute.type) {
    case attributeTypes.string: {
      const texts = values.map(toText);
      const pointers = addresses(texts.map(([bytes]) => bytes));
      const lengths = BigUint64Array.from(texts, ([, length]) => length);
      symbols.TFE_OpSetAttrStringList(op, name, pointers, lengths, count);
      return;
    }
    case attributeTypes.int:
      symbols.TFE_OpSetAttrIntList(op, name, toInt64(values as number[]), count);
      return;
    case attributeTypes.float:
      symbols.TFE_OpSetAttrFloatList(op, name, Float32Array.from(values as number[]), count);
      return;
    case attributeTypes.bool:
      symbols.TFE_OpSetAttrBoolList(op, name, Uint8Array.from(values, (flag) => flag ? 1 : 0), count);
      return;
    case attributeTypes.type:
      symbols.TFE_OpSetAttrTypeList(op, name, Int32Array.from(values, dataTypeOf), count);
      return;
    case attributeTypes.shape: {
      const shapes = (values as readonly number[][]).map(toInt64);
      const pointers = addresses(shapes.map(({ buffer }) => new Uint8Array(buffer)));
      const ranks = Int32Array.from(shapes, (shape) => shape.length);
      symbols.TFE_OpSetAttrShapeList(op, name, pointers, ranks, count, status.pointer);
      return;
    }
    default:
      throw new TypeError(`Cannot set ${attribute.name} to a list: it is of a kind (${attribute.type}) without lists`);
  }
}

/** Bytes that hold the text, and the text's length in bytes. */
function toText(value: unknown): [bytes: Uint8Array<ArrayBuffer>, length: bigint] {
  if (value instanceof Uint8Array) return [value as Uint8Array<ArrayBuffer>, BigInt(value.length)];
  const bytes = cName(String(value)); // kept: ops repeat the same few
  return [bytes, BigInt(bytes.length - 1)];
}

/** The address of each part, in one buffer that stays until the next call. */
function addresses(parts: readonly Uint8Array[]): BigUint64Array<ArrayBuffer> {
  // V8 may move small arrays about, but not an ArrayBuffer of one's own
  packed = new Uint8Array(new ArrayBuffer(parts.reduce((sum, part) => sum + part.length, 1)));
  const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(packed));
  let offset = 0;
  return BigUint64Array.from(parts, (part) => {
    packed.set(part, offset);
    offset += part.length;
    return start + BigInt(offset - part.length);
  });
}

let packed: Uint8Array<ArrayBuffer>;
