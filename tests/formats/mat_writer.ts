import { deflateSync } from "node:zlib";
import fc from "@/tests/fast_check.ts";
import { assert, assertEquals } from "@/tests/support.ts";

/** A variable as MATLAB would store it. */
export interface Variable {
  readonly name: string;
  /** double 6, single 7, int8 8, … uint64 15; char 4. */
  readonly classNumber: number;
  readonly shape: readonly number[];
  /** Column-major. */
  readonly values: readonly number[] | Float32Array | Uint8Array;
  readonly imaginary?: readonly number[];
  /** The type that the numbers are stored as: int8 1, … double 9, int64 12, uint64 13, UTF-16 17. */
  readonly dataType: number;
}

export interface FileForm {
  readonly little: boolean;
  readonly compressed: boolean;
}

const sizes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8, 17: 2 };

function storeNumbers(type: number, values: Variable["values"], little: boolean): Uint8Array {
  if (values instanceof Uint8Array && type === 2) return values;
  if (values instanceof Float32Array && type === 7 && little) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const view = new DataView(new ArrayBuffer(sizes[type]! * values.length));
  values.forEach((value, i) => {
    const at = i * sizes[type]!;
    if (type === 1) view.setInt8(at, value);
    else if (type === 2) view.setUint8(at, value);
    else if (type === 3) view.setInt16(at, value, little);
    else if (type === 4 || type === 17) view.setUint16(at, value, little);
    else if (type === 5) view.setInt32(at, value, little);
    else if (type === 6) view.setUint32(at, value, little);
    else if (type === 7) view.setFloat32(at, value, little);
    else if (type === 9) view.setFloat64(at, value, little);
    else if (type === 12) view.setBigInt64(at, BigInt(value), little);
    else if (type === 13) view.setBigUint64(at, BigInt(value), little);
  });
  return new Uint8Array(view.buffer);
}

/** A small one where the data fit. */
export function element(type: number, data: Uint8Array, little: boolean): Uint8Array {
  const small = data.length > 0 && data.length <= 4;
  const bytes = new Uint8Array(small ? 8 : 8 + data.length + (type === 15 ? 0 : -data.length & 7));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, small ? data.length << 16 | type : type, little);
  if (!small) view.setUint32(4, data.length, little);
  bytes.set(data, small ? 4 : 8);
  return bytes;
}

/** A 1 × 1 struct of such variables. */
export function matStruct(name: string, fields: readonly Variable[], { little, compressed }: FileForm): Uint8Array {
  const length = 1 + Math.max(...fields.map(({ name }) => name.length));
  const names = new Uint8Array(length * fields.length);
  fields.forEach(({ name }, i) => names.set(new TextEncoder().encode(name), i * length));
  const matrix = element(
    14,
    join([
      element(6, storeNumbers(6, [2, 0], little), little),
      element(5, storeNumbers(5, [1, 1], little), little),
      element(1, new TextEncoder().encode(name), little),
      element(5, storeNumbers(5, [length], little), little),
      element(1, names, little),
      ...fields.map((field) => matVariable({ ...field, name: "" }, { little, compressed: false })),
    ]),
    little,
  );
  return compressed ? element(15, deflateSync(matrix), little) : matrix;
}

export function matVariable(variable: Variable, { little, compressed }: FileForm): Uint8Array {
  const { name, classNumber, shape, values, imaginary, dataType } = variable;
  const parts = [
    element(6, storeNumbers(6, [classNumber | (imaginary ? 0x800 : 0), 0], little), little),
    element(5, storeNumbers(5, shape, little), little),
    element(1, new TextEncoder().encode(name), little),
    element(dataType, storeNumbers(dataType, values, little), little),
  ];
  if (imaginary) parts.push(element(dataType, storeNumbers(dataType, imaginary, little), little));
  const matrix = element(14, join(parts), little);
  return compressed ? element(15, deflateSync(matrix), little) : matrix;
}

export function matHeader({ little }: Pick<FileForm, "little">): Uint8Array {
  const header = new Uint8Array(128).fill(32);
  header.set(new TextEncoder().encode("MATLAB 5.0 MAT-file, of a test"));
  header.fill(0, 116);
  header.set(little ? [0x00, 0x01, 0x49, 0x4d] : [0x01, 0x00, 0x4d, 0x49], 124);
  return header;
}

export function matFile(variables: readonly Variable[], form: FileForm): Uint8Array {
  return join([matHeader(form), ...variables.map((variable) => matVariable(variable, form))]);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** For each type numbers are stored as: the numbers it holds exactly. */
const integersOf = (bits: number, signed: boolean) =>
  fc.integer({ min: signed ? -(2 ** (bits - 1)) : 0, max: 2 ** (signed ? bits - 1 : bits) - 1 });
const numbersOfType: Readonly<Record<number, fc.Arbitrary<number>>> = {
  1: integersOf(8, true),
  2: integersOf(8, false),
  3: integersOf(16, true),
  4: integersOf(16, false),
  5: integersOf(32, true),
  6: integersOf(32, false),
  7: fc.float(),
  9: fc.double(),
  12: fc.maxSafeInteger(),
  13: fc.maxSafeNat(),
};

const DOUBLE = 6;
const classOfType: Readonly<Record<number, number>> = {
  1: 8,
  2: 9,
  3: 10,
  4: 11,
  5: 12,
  6: 13,
  7: 7,
  9: DOUBLE,
  12: 14,
  13: 15,
};

const variable: fc.Arbitrary<Variable> = fc.record({
  dataType: fc.constantFrom(...Object.keys(classOfType).map(Number)),
  shape: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 4 }),
  asDouble: fc.boolean(), // stored as a smaller type than its class
  name: fc.stringMatching(/^[a-zA-Z]\w{0,12}$/),
  complex: fc.boolean(),
}).chain(({ complex, asDouble, ...record }) => {
  const rest = { ...record, classNumber: asDouble ? DOUBLE : classOfType[record.dataType]! };
  const count = rest.shape.reduce((product, length) => product * length, 1);
  const values = fc.array(numbersOfType[rest.dataType]!, { minLength: count, maxLength: count });
  return complex
    ? fc.tuple(values, values).map(([values, imaginary]) => ({ ...rest, values, imaginary }))
    : values.map((values) => ({ ...rest, values }));
});
export const forms: fc.Arbitrary<FileForm> = fc.record({ little: fc.boolean(), compressed: fc.boolean() });
/** The variables of one file. */
export const someVariables = fc.uniqueArray(variable, { maxLength: 4, selector: ({ name }) => name });

/** Equal to the bit, as Object.is has it for NaN and -0. */
export function assertSameNumbers(
  actual: ArrayLike<number> | undefined,
  expected: ArrayLike<number> | undefined,
): void {
  assertEquals(actual?.length, expected?.length);
  for (let i = 0; i < (expected?.length ?? 0); i++) {
    assert(Object.is(actual![i], expected![i]), `[${i}]: ${actual![i]} is not ${expected![i]}`);
  }
}
