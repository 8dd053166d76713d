import { type Attribute, encodeAttribute } from "@/lib/formats/attr_value.ts";
import { cName, type Status } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";

/** `TFE_OpSetAttrValueProto` for an op that is about to be executed, `TF_SetAttrValueProto` for one of a graph. */
export type AttributeSetter = Symbols["TFE_OpSetAttrValueProto" | "TF_SetAttrValueProto"];

/** Sets an attribute of an op; the caller checks the status. */
export function setAttribute(
  set: AttributeSetter,
  op: Deno.PointerValue,
  attribute: Attribute,
  status: Status,
): void {
  const message = encodeAttribute(attribute);
  set(op, cName(attribute.name), message, BigInt(message.length), status.pointer);
}
