import { cName, type Status } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import { dataTypeOf } from "@/lib/formats/data_types.ts";
import { toInt64 } from "@/lib/tensorflow/backend/tensor_values.ts";

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

/** The calls that give attributes to an op, by kind; the caller checks the status. */
export interface AttributeSetters {
  readonly string: Symbols["TF_SetAttrString"];
  readonly strings: Symbols["TF_SetAttrStringList"];
  readonly int: Symbols["TF_SetAttrInt"];
  readonly ints: Symbols["TF_SetAttrIntList"];
  readonly float: Symbols["TF_SetAttrFloat"];
  readonly floats: Symbols["TF_SetAttrFloatList"];
  readonly bool: Symbols["TF_SetAttrBool"];
  readonly bools: Symbols["TF_SetAttrBoolList"];
  readonly type: Symbols["TF_SetAttrType"];
  readonly types: Symbols["TF_SetAttrTypeList"];
  readonly shape: Symbols["TF_SetAttrShape"];
  readonly shapes: Symbols["TF_SetAttrShapeList"];
  readonly function: Symbols["TFE_OpSetAttrFunctionName"];
}

/** For an op that is about to be executed. */
export function eagerSetters(symbols: Symbols, status: Status): AttributeSetters {
  return {
    string: symbols.TFE_OpSetAttrString,
    strings: symbols.TFE_OpSetAttrStringList,
    int: symbols.TFE_OpSetAttrInt,
    ints: symbols.TFE_OpSetAttrIntList,
    float: symbols.TFE_OpSetAttrFloat,
    floats: symbols.TFE_OpSetAttrFloatList,
    bool: symbols.TFE_OpSetAttrBool,
    bools: symbols.TFE_OpSetAttrBoolList,
    type: symbols.TFE_OpSetAttrType,
    types: symbols.TFE_OpSetAttrTypeList,
    shape: (op, name, sizes, rank) => symbols.TFE_OpSetAttrShape(op, name, sizes, rank, status.pointer),
    shapes: (op, name, shapes, ranks, count) =>
      symbols.TFE_OpSetAttrShapeList(op, name, shapes, ranks, count, status.pointer),
    function: symbols.TFE_OpSetAttrFunctionName,
  };
}

/** For an op that is about to be added to a graph. */
export function graphSetters(symbols: Symbols): AttributeSetters {
  return {
    string: symbols.TF_SetAttrString,
    strings: symbols.TF_SetAttrStringList,
    int: symbols.TF_SetAttrInt,
    ints: symbols.TF_SetAttrIntList,
    float: symbols.TF_SetAttrFloat,
    floats: symbols.TF_SetAttrFloatList,
    bool: symbols.TF_SetAttrBool,
    bools: symbols.TF_SetAttrBoolList,
    type: symbols.TF_SetAttrType,
    types: symbols.TF_SetAttrTypeList,
    shape: symbols.TF_SetAttrShape,
    shapes: symbols.TF_SetAttrShapeList,
    function: symbols.TF_SetAttrFuncName,
  };
}

/** Sets an attribute of an op; the caller checks the status. */
export function setAttribute(setters: AttributeSetters, op: Deno.PointerValue, attribute: Attribute): void {
  const { type, value } = attribute;
  if (attribute.isList ?? (Array.isArray(value) && (type !== attributeTypes.shape || Array.isArray(value[0])))) {
    setList(setters, op, attribute);
    return;
  }
  const name = cName(attribute.name);
  switch (type) {
    case attributeTypes.string: {
      const [bytes, length] = toText(value);
      setters.string(op, name, bytes, length);
      return;
    }
    case attributeTypes.int:
      // tfjs's seeds may have fractions
      setters.int(op, name, typeof value === "bigint" ? value : BigInt(Math.trunc(Number(value))));
      return;
    case attributeTypes.float:
      setters.float(op, name, Number(value));
      return;
    case attributeTypes.bool:
      setters.bool(op, name, value ? 1 : 0);
      return;
    case attributeTypes.type:
      setters.type(op, name, dataTypeOf(value));
      return;
    case attributeTypes.shape: {
      const sizes = value as readonly number[];
      setters.shape(op, name, toInt64(sizes), sizes.length);
      return;
    }
    case attributeTypes.function: {
      const [bytes, length] = toText(value);
      setters.function(op, name, bytes, length);
      return;
    }
    default:
      throw new TypeError(`Cannot set ${attribute.name}: it is of a kind (${type}) that has no values here`);
  }
}

function setList(setters: AttributeSetters, op: Deno.PointerValue, attribute: Attribute): void {
  const name = cName(attribute.name);
  const values = attribute.value as readonly unknown[];
  const count = values.length;
  switch (attribute.type) {
    case attributeTypes.string: {
      const texts = values.map(toText);
      const pointers = addresses(texts.map(([bytes]) => bytes));
      const lengths = BigUint64Array.from(texts, ([, length]) => length);
      setters.strings(op, name, pointers, lengths, count);
      return;
    }
    case attributeTypes.int:
      setters.ints(op, name, toInt64(values as number[]), count);
      return;
    case attributeTypes.float:
      setters.floats(op, name, Float32Array.from(values as number[]), count);
      return;
    case attributeTypes.bool:
      setters.bools(op, name, Uint8Array.from(values, (flag) => flag ? 1 : 0), count);
      return;
    case attributeTypes.type:
      setters.types(op, name, Int32Array.from(values, dataTypeOf), count);
      return;
    case attributeTypes.shape: {
      const shapes = (values as readonly number[][]).map(toInt64);
      const pointers = addresses(shapes.map(({ buffer }) => new Uint8Array(buffer)));
      const ranks = Int32Array.from(shapes, (shape) => shape.length);
      setters.shapes(op, name, pointers, ranks, count);
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
