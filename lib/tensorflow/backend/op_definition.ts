import { cName, type Status } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import { messageFields } from "@/lib/formats/protobuf.ts";

/** What graphs need to know of an op's definition (tensorflow/core/framework/op_def.proto). */
export interface OpDefinition {
  /** For each declared input, whether it takes a list of tensors. */
  readonly inputs: readonly { readonly isList: boolean }[];
  /** Whether it does more than compute its outputs from its inputs, such as change a variable. */
  readonly isStateful: boolean;
}

/** Throws a TensorFlowError where TensorFlow has no such op. */
export function readOpDefinition(
  symbols: Symbols,
  { graph, op, status }: { readonly graph: Deno.PointerValue; readonly op: string; readonly status: Status },
): OpDefinition {
  const buffer = symbols.TF_NewBuffer();
  try {
    symbols.TF_GraphGetOpDef(graph, cName(op), buffer, status.pointer);
    status.check(op);
    return parseOpDefinition(bytesOf(buffer));
  } finally {
    symbols.TF_DeleteBuffer(buffer);
  }
}

/** The content of a TF_Buffer: the address of its data, then their length. */
function bytesOf(buffer: Deno.PointerValue): Uint8Array {
  const view = new Deno.UnsafePointerView(buffer!);
  const data = Deno.UnsafePointer.create(view.getBigUint64(0))!;
  return new Uint8Array(new Deno.UnsafePointerView(data).getArrayBuffer(Number(view.getBigUint64(8)))).slice();
}

const INPUT_ARG = 2;
const IS_STATEFUL = 17;
/** Fields of an ArgDef: the attributes that give a list's length, and a list's types. */
const NUMBER_ATTR = 5;
const TYPE_LIST_ATTR = 6;

function parseOpDefinition(message: Uint8Array): OpDefinition {
  const fields = [...messageFields(message)];
  const inputs = fields.filter(({ field }) => field === INPUT_ARG).map(({ bytes }) => ({
    isList: [...messageFields(bytes)].some(({ field }) => field === NUMBER_ATTR || field === TYPE_LIST_ATTR),
  }));
  return { inputs, isStateful: fields.some(({ field, number }) => field === IS_STATEFUL && number !== 0) };
}
