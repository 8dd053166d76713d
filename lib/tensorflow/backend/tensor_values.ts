import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import {
  type DataType,
  dataTypeName,
  dataTypeOf,
  dataTypes,
  type HostValues,
  numberArrays,
  tfjsType,
} from "@/lib/formats/data_types.ts";

type TypedArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): Exclude<HostValues, readonly Uint8Array[]>;
  from(values: ArrayLike<number>): Exclude<HostValues, readonly Uint8Array[]>;
};

const arrays = new Map(
  Object.entries({ ...numberArrays, complex64: Float32Array })
    .map(([name, array]) => [dataTypeOf(name), array as unknown as TypedArrayConstructor]),
);

/** Whether {@linkcode readTensor} takes this type; others are cast first. */
export function isReadable(type: DataType): boolean {
  return type === dataTypes.string || type === dataTypes.int64 || type === dataTypes[tfjsType(type)];
}

export interface HostTensor {
  readonly shape: readonly number[];
  readonly type: DataType;
  readonly values: HostValues;
}

/** A new TF_Tensor with a copy of the values. Throws a TypeError where their count is not the shape's. */
export function newTensor(symbols: Symbols, host: HostTensor): Deno.PointerValue {
  return host.type === dataTypes.string ? newStringTensor(symbols, host) : newNumberTensor(symbols, host);
}

function newNumberTensor(symbols: Symbols, { shape, type, values }: HostTensor): Deno.PointerValue {
  const bytes = toBytes(values, type);
  const bytesWanted = elementCount(shape) * bytesPerElement(type);
  if (bytes.length !== bytesWanted) {
    throw new TypeError(
      `A ${dataTypeName(type)} tensor of shape [${shape}] has ${bytesWanted} bytes, found ${bytes.length}`,
    );
  }
  const tensor = allocate(symbols, { shape, type, byteLength: bytes.length });
  if (bytes.length > 0) {
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(symbols.TF_TensorData(tensor)!, bytes.length)).set(bytes);
  }
  return tensor;
}

const TSTRING_BYTES = 24; // sizeof(TF_TString), tensorflow/core/platform/ctstring_internal.h

function newStringTensor(symbols: Symbols, { shape, type, values }: HostTensor): Deno.PointerValue {
  const texts = values as readonly Uint8Array<ArrayBuffer>[];
  if (texts.length !== elementCount(shape)) {
    throw new TypeError(`A tensor of shape [${shape}] has ${elementCount(shape)} strings, found ${texts.length}`);
  }
  const tensor = allocate(symbols, { shape, type, byteLength: texts.length * TSTRING_BYTES });
  for (let i = 0; i < texts.length; i++) {
    const text = stringAt(symbols, tensor, i);
    symbols.TF_StringInit(text);
    symbols.TF_StringCopy(text, texts[i]!, BigInt(texts[i]!.length));
  }
  return tensor;
}

/** A copy of a TF_Tensor's values. Throws a RangeError where an int64 is too large for an int32, as which it is given. */
export function readTensor(symbols: Symbols, tensor: Deno.PointerValue, type: DataType): HostValues {
  if (type === dataTypes.string) {
    const count = Number(symbols.TF_TensorElementCount(tensor));
    return Array.from({ length: count }, (_, i) => {
      const text = stringAt(symbols, tensor, i);
      return copyBytes(symbols.TF_StringGetDataPointer(text), Number(symbols.TF_StringGetSize(text)));
    });
  }
  const bytes = copyBytes(symbols.TF_TensorData(tensor), Number(symbols.TF_TensorByteSize(tensor)));
  const values = new (arrays.get(type)!)(bytes.buffer);
  return values instanceof BigInt64Array ? toInt32(values) : values;
}

/** The memory of a float32 TF_Tensor: good until that is deleted. */
export function valuesInPlace(symbols: Symbols, tensor: Deno.PointerValue): Float32Array {
  const length = Number(symbols.TF_TensorByteSize(tensor));
  if (length === 0) return new Float32Array(0);
  return new Float32Array(Deno.UnsafePointerView.getArrayBuffer(symbols.TF_TensorData(tensor)!, length));
}

/** tfjs has no int64: such tensors count as int32. */
function toInt32(values: BigInt64Array): Int32Array {
  return Int32Array.from(values, (value) => {
    if (BigInt.asIntN(32, value) === value) return Number(value);
    throw new RangeError(`Cannot read ${value}, of an int64 tensor, as int32: it is too large`);
  });
}

function allocate(
  symbols: Symbols,
  { shape, type, byteLength }: { shape: readonly number[]; type: DataType; byteLength: number },
): Deno.PointerValue {
  const tensor = symbols.TF_AllocateTensor(type, toInt64(shape), shape.length, BigInt(byteLength));
  if (!tensor) throw new RangeError(`Cannot allocate a ${dataTypeName(type)} tensor of shape [${shape}]`);
  return tensor;
}

function toBytes(values: HostValues, type: DataType): Uint8Array {
  const TypedArray = arrays.get(type);
  if (!TypedArray) throw new TypeError(`Cannot make a ${dataTypeName(type)} tensor from numbers: cast it instead`);
  // tfjs's node kernels state int64 as pairs of int32, low half first
  const isFitting = values instanceof TypedArray || (type === dataTypes.int64 && values instanceof Int32Array);
  const array = isFitting ? values as Float32Array : TypedArray.from(values as Float32Array);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function bytesPerElement(type: DataType): number {
  return arrays.get(type)!.BYTES_PER_ELEMENT * (type === dataTypes.complex64 ? 2 : 1);
}

function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (let axis = 0; axis < shape.length; axis++) count *= shape[axis]!;
  return count;
}

function stringAt(symbols: Symbols, tensor: Deno.PointerValue, index: number): Deno.PointerValue {
  return Deno.UnsafePointer.offset(symbols.TF_TensorData(tensor)!, index * TSTRING_BYTES);
}

function copyBytes(source: Deno.PointerValue, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  if (count > 0) Deno.UnsafePointerView.copyInto(source!, bytes);
  return bytes;
}

/** Whole numbers as 64-bit ones. Throws a RangeError where one has a fraction. */
export function toInt64(values: readonly (number | bigint)[]): BigInt64Array<ArrayBuffer> {
  const result = new BigInt64Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = BigInt(values[i]!);
  return result;
}
