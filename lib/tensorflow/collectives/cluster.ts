import { InputError } from "@/lib/errors.ts";
import { bytesField, concatBytes, varintField } from "@/lib/formats/protobuf.ts";

/** Processes that train together, on one machine or on many, and which of them this is. */
export interface Cluster {
  /** "host:port" of each, by rank: where its TensorFlow listens. Rank 0 brings the others together. */
  readonly addresses: readonly string[];
  readonly rank: number;
}

/** Throws an InputError that begins with the action, where the addresses or the rank cannot be right. */
export function checkCluster({ addresses, rank }: Cluster, action: string): Cluster {
  for (const [i, address] of addresses.entries()) {
    const [, port] = /^(?:[\w.-]+|\[[\da-fA-F:.]+\]):(\d+)$/.exec(address) ?? [];
    if (!port || Number(port) < 1 || Number(port) > 65535) {
      throw new InputError(`${action}: rank ${i} is at "${address}", and host:port is wanted`);
    }
    if (addresses.indexOf(address) !== i) throw new InputError(`${action}: two ranks are at ${address}`);
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= addresses.length) {
    throw new InputError(`${action}: the rank is ${rank}, and one from 0 to ${addresses.length - 1} is wanted`);
  }
  return { addresses, rank };
}

export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

/** How many of the ranks are on this one's machine, itself counted. */
export function ranksBeside({ addresses, rank }: Cluster): number {
  return addresses.filter((address) => hostOf(address) === hostOf(addresses[rank]!)).length;
}

/** A rank's name in TensorFlow. */
export function taskName(rank: number): string {
  return `/job:${JOB}/replica:0/task:${rank}`;
}

/** A serialized tensorflow.ServerDef (tensorflow/core/protobuf/tensorflow_server.proto). */
export function serverDef({ addresses, rank }: Cluster): Uint8Array<ArrayBuffer> {
  const tasks = addresses.map((address, i) => bytesField(2, concatBytes(varintField(1, i), bytesField(2, address))));
  const job = concatBytes(bytesField(1, JOB), ...tasks);
  const config = bytesField(16, bytesField(1, taskName(0))); // experimental.collective_group_leader
  return concatBytes(
    bytesField(1, bytesField(1, job)), // cluster
    bytesField(2, JOB), // job_name
    varintField(3, rank), // task_index
    bytesField(4, config), // default_session_config
    bytesField(5, "grpc"), // protocol
  );
}

const JOB = "worker";
