import type { Symbols } from "./c_api.ts";
import { type DataType, dataTypeName, dataTypes } from "./data_types.ts";

/** A tensor's numbers, or the bytes of its strings. */
export type HostValues =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | BigInt64Array
  | readonly Uint8Array[];

export interface HostTensor {
  readonly shape: BigInt64Array<ArrayBuffer>;
  readonly type: DataType;
  readonly values: HostValues;
}

const TSTRING_BYTES = 24; // sizeof(TF_TString)

/** A new TF_Tensor with a copy of the values. */
export function allocateTensor(symbols: Symbols, { shape, type, values }: HostTensor): Deno.PointerValue {
  const bytes = type === dataTypes.string ? undefined : toBytes(values, type);
  const byteLength = bytes ? bytes.byteLength : values.length * TSTRING_BYTES;
  const tensor = symbols.TF_AllocateTensor(type, shape, shape.length, BigInt(byteLength));
  if (byteLength === 0) return tensor;
  const data = symbols.TF_TensorData(tensor)!;
  if (bytes) {
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(data, byteLength)).set(bytes);
  } else {
    for (let i = 0; i < values.length; i++) {
      const text = values[i] as unknown as Uint8Array<ArrayBuffer>;
      const target = Deno.UnsafePointer.offset(data, i * TSTRING_BYTES);
      symbols.TF_StringInit(target);
      symbols.TF_StringCopy(target, text, BigInt(text.length));
    }
  }
  return tensor;
}

function toBytes(values: HostValues, type: DataType): Uint8Array {
  const Values = arrays.get(type);
  if (!Values) throw new TypeError(`Cannot make a tensor of ${dataTypeName(type)} from numbers`);
  let array = values as Float32Array;
  // tfjs keeps int64 as pairs of int32, low half first
  const pairs = type === dataTypes.int64 && values instanceof Int32Array;
  if (!pairs && !(values instanceof Values)) array = Values.from(values as Float32Array);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

// deno-lint-ignore no-explicit-any -- the constructors of typed arrays have no common type
const arrays = new Map<DataType, any>([
  [dataTypes.float32, Float32Array],
  [dataTypes.float64, Float64Array],
  [dataTypes.int32, Int32Array],
  [dataTypes.int64, BigInt64Array],
  [dataTypes.uint8, Uint8Array],
  [dataTypes.bool, Uint8Array],
  [dataTypes.complex64, Float32Array],
]);

/** A copy of a TF_Tensor's values. */
export function readTensor(symbols: Symbols, tensor: Deno.PointerValue, type: DataType): HostValues {
  const data = symbols.TF_TensorData(tensor);
  if (type === dataTypes.string) {
    const count = Number(symbols.TF_TensorElementCount(tensor));
    return Array.from({ length: count }, (_, i) => {
      const text = Deno.UnsafePointer.offset(data!, i * TSTRING_BYTES);
      return copyBytes(symbols.TF_StringGetDataPointer(text), Number(symbols.TF_StringGetSize(text)));
    });
  }
  const bytes = copyBytes(data, Number(symbols.TF_TensorByteSize(tensor)));
  if (type === dataTypes.resource) return [bytes];
  const Values = arrays.get(type);
  if (!Values) throw new TypeError(`Cannot read a tensor of ${dataTypeName(type)}: cast it to float32 or int32 first`);
  return new Values(bytes.buffer);
}

function copyBytes(source: Deno.PointerValue, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  if (count > 0) Deno.UnsafePointerView.copyInto(source!, bytes);
  return bytes;
}
