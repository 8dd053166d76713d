/** TensorFlow's TF_DataType (tensorflow/c/tf_datatype.h), by the names that tfjs and NumPy use. */
export const dataTypes = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  complex128: 18,
  float16: 19,
  resource: 20,
  variant: 21,
  uint32: 22,
  uint64: 23,
} as const;

export type DataTypeName = keyof typeof dataTypes;

/** A tensor's numbers (complex ones as pairs), or the bytes of each of its strings. */
export type HostValues = Float32Array | Float64Array | Int32Array | Uint8Array | BigInt64Array | readonly Uint8Array[];

/** What holds numbers, booleans as 0 or 1, of each type that is more than passed on. */
export const numberArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** A TF_DataType. */
export type DataType = number;

const names = new Map<DataType, string>(Object.entries(dataTypes).map(([name, type]) => [type, name]));

export function dataTypeName(type: DataType): string {
  return names.get(type) ?? `type ${type}`;
}

/** The type that tfjs, which has only five, counts a tensor of this type as: a resource is a "string". */
export function tfjsType(type: DataType): "float32" | "int32" | "bool" | "complex64" | "string" {
  switch (type) {
    case dataTypes.float32:
    case dataTypes.float64:
    case dataTypes.float16:
    case dataTypes.bfloat16:
      return "float32";
    case dataTypes.bool:
      return "bool";
    case dataTypes.complex64:
    case dataTypes.complex128:
      return "complex64";
    case dataTypes.string:
    case dataTypes.resource:
    case dataTypes.variant:
      return "string";
    default:
      return "int32";
  }
}

/** The type of this name; a type that is given as a number already stays so. */
export function dataTypeOf(name: unknown): DataType {
  const type = typeof name === "number" ? name : dataTypes[name as DataTypeName];
  if (type !== undefined) return type;
  throw new TypeError(`Unknown data type "${name}": the types are ${Object.keys(dataTypes).join(", ")}`);
}
