import * as tf from "@tensorflow/tfjs";
import util from "node:util";
import { InputError } from "@/lib/errors.ts";
import type { AttributeValue } from "./attributes.ts";
import { Binding } from "./binding.ts";
import { cString, openLibrary } from "./c_api.ts";
import { newContext } from "./context.ts";
import { EagerExecutor } from "./eager.ts";
import { findLibrary } from "./library.ts";

export interface TensorFlowOptions {
  /** "auto": a GPU where there is one. */
  readonly device: "auto" | "cpu" | "gpu";
  /** Threads within an op; by default as many as run at once. */
  readonly threads?: number;
}

export interface TensorFlow {
  /** Such as "tensorflow 2.21.0 · CPU, 2 threads". */
  readonly description: string;
  readonly device: "cpu" | "gpu";
  /** How many tensors TensorFlow holds for this process. */
  readonly handleCount: number;
}

/** An op's attributes by name; those that follow from the inputs may be left out. */
export type OpAttributes = Readonly<Record<string, AttributeValue>>;

/** The parts of tfjs's node backend that its types keep private. */
interface NodeBackend {
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
  createOutputTensor(metadata: { id: number; shape: number[]; dtype: number }): tf.Tensor;
}

interface Opened extends TensorFlow {
  readonly binding: Binding;
  readonly executor: EagerExecutor;
  readonly backend: NodeBackend;
}

let opened: Opened | undefined;

/**
 * Opens TensorFlow's library and makes it tfjs's backend, "tensorflow". It can be opened once in a process: later calls
 * return the same one. Throws an InputError where there is no library, or no GPU and the device is "gpu".
 */
export async function openTensorFlow({ device, threads }: TensorFlowOptions): Promise<TensorFlow> {
  if (opened) return opened;
  const path = await findLibrary(device === "auto" ? ["gpu", "cpu"] : device === "gpu" ? ["gpu"] : ["cpu", "gpu"]);
  // TensorFlow reads its environment when it is loaded
  setDefault("TF_ENABLE_ONEDNN_OPTS", "1");
  setDefault("TF_CPP_MIN_LOG_LEVEL", "2"); // errors only
  const symbols = openLibrary(path);
  const threadCount = threads ?? navigator.hardwareConcurrency;
  const context = newContext(symbols, { threads: threadCount, allowGpu: device !== "cpu" });
  if (device === "gpu" && !context.usesGpu) {
    throw new InputError(`Cannot run on a GPU: TensorFlow (${path}) sees none on this machine`);
  }
  const version = cString(symbols.TF_Version());
  const executor = new EagerExecutor({ symbols, context: context.pointer, device: context.device });
  const binding = new Binding(executor, { version, usesGpu: context.usesGpu });
  const backend = await registerBackend(binding);
  opened = {
    description: `tensorflow ${version} · ${context.usesGpu ? "GPU" : `CPU, ${threadCount} threads`}`,
    device: context.usesGpu ? "gpu" : "cpu",
    get handleCount() {
      return executor.handleCount;
    },
    binding,
    executor,
    backend,
  };
  return opened;
}

function setDefault(name: string, value: string): void {
  if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
}

async function registerBackend(binding: Binding): Promise<NodeBackend> {
  // tfjs's node kernels call it; Node 23 and Deno no longer have it
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  const { default: { NodeJSKernelBackend } } = await import("@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js");
  await import("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
  type Addon = ConstructorParameters<typeof NodeJSKernelBackend>[0]; // has saved models too, which posmap does without
  const backend = new NodeJSKernelBackend(binding as unknown as Addon, "@tensorflow/tfjs-node-gpu");
  tf.registerBackend("tensorflow", () => backend, 3);
  await tf.setBackend("tensorflow");
  return backend as unknown as NodeBackend;
}

/** Executes any of TensorFlow's ops, on tensors of the "tensorflow" backend. Whoever calls disposes the results. */
export function execute(
  op: string,
  attributes: OpAttributes,
  inputs: readonly tf.Tensor[],
  outputCount: number,
): tf.Tensor[] {
  if (!opened) throw new Error(`Cannot execute ${op}: openTensorFlow() comes first`);
  const { binding, executor, backend } = opened;
  const known = Object.entries(attributes).map(([name, value]) => ({
    name,
    kind: executor.attributeKind(op, name),
    value,
  }));
  const outputs = binding.executor.execute(op, known, backend.getInputTensorIds(inputs), outputCount);
  return outputs.map((output) => backend.createOutputTensor(output));
}
