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

/** A TF_DataType. */
export type DataType = number;

const names = new Map<DataType, string>(Object.entries(dataTypes).map(([name, type]) => [type, name]));

export function dataTypeName(type: DataType): string {
  return names.get(type) ?? `type ${type}`;
}
