import { InputError } from "@/lib/errors.ts";
import { type Cluster, hostOf, serverDef, taskName } from "@/lib/tensorflow/collectives/cluster.ts";
import { cName, Status, TensorFlowError } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";

/**
 * Has a runtime that nothing has used yet listen at its rank's port, on all of the machine's addresses, and to anyone:
 * TensorFlow's server asks nobody who they are. Throws an InputError where it cannot.
 */
export function startServer(symbols: Symbols, context: Deno.PointerValue, cluster: Cluster): void {
  const { TFE_EnableCollectiveOps } = symbols;
  const address = cluster.addresses[cluster.rank]!;
  if (!TFE_EnableCollectiveOps) {
    throw new InputError("Cannot train together: TensorFlow's library has no collective ops");
  }
  // gRPC would call by way of a proxy that the environment names
  Deno.env.set("no_grpc_proxy", cluster.addresses.map(hostOf).join());
  const definition = serverDef(cluster);
  const status = new Status(symbols);
  try {
    TFE_EnableCollectiveOps(context, definition, BigInt(definition.length), status.pointer);
    status.check("Start the server");
  } catch (error) {
    if (!(error instanceof TensorFlowError)) throw error;
    throw new InputError(`Cannot listen at ${address}: another program may have the port (${error.message})`);
  } finally {
    status.delete();
  }
}

/** Throws a TensorFlowError where a rank does not answer within that time. */
export function checkRank(
  symbols: Symbols,
  { context, rank, milliseconds }: {
    readonly context: Deno.PointerValue;
    readonly rank: number;
    readonly milliseconds: number;
  },
  status: Status,
): void {
  symbols.TFE_CollectiveOpsCheckPeerHealth!(context, cName(taskName(rank)), BigInt(milliseconds), status.pointer);
  status.check(`Ask rank ${rank}`);
}

/** Has all fail that waits for other ranks, now and from now on. */
export function abortCollectives(symbols: Symbols, context: Deno.PointerValue, status: Status): void {
  symbols.TF_SetStatus(status.pointer, ABORTED, cName("a rank is lost"));
  symbols.TFE_AbortCollectiveOps!(context, status.pointer);
}

const ABORTED = 10; // TF_ABORTED
