import * as tf from "@tensorflow/tfjs";
import type { NodeJSKernelBackend } from "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js";
import util from "node:util";
import type { Device } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import type { AttributeValue } from "@/lib/formats/attr_value.ts";
import { type Cluster, ranksBeside } from "@/lib/tensorflow/collectives/cluster.ts";
import { startServer } from "@/lib/tensorflow/collectives/server.ts";
import { Binding } from "@/lib/tensorflow/backend/binding.ts";
import { cString, isOutOfMemory, type LibraryOptions, openLibrary, quietly } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import { chooseGpu, describeGpu, type GpuChoice } from "@/lib/tensorflow/backend/choose_gpu.ts";
import { type Context, type ContextOptions, newContext } from "@/lib/tensorflow/backend/context.ts";
import { type DataTypeName, dataTypes, type HostValues, tfjsType } from "@/lib/formats/data_types.ts";
import { EagerExecutor, type TensorMetadata } from "@/lib/tensorflow/backend/eager.ts";
import { type CudaGpu, tooFull } from "@/lib/tensorflow/library/cuda_driver.ts";
import { findLibrary, type LibraryVariant } from "@/lib/tensorflow/library/library.ts";
import { replaceKernel } from "@/lib/tensorflow/backend/replace_kernel.ts";
import { poolInGradients } from "@/lib/tensorflow/ops/pool_gradient.ts";
import { fuseReluGradient } from "@/lib/tensorflow/ops/relu_gradient.ts";

export interface TensorFlowOptions {
  /** "auto": a GPU where there is one. */
  readonly device: Device;
  /** Threads of the CPU, by default as many as run at once, or as TF_NUM_INTRAOP_THREADS says. */
  readonly threads?: number;
  /**
   * For a process that only infers: the thread that has an op to do takes a part of it, in place of waiting for the
   * others. A light network's map of one picture is there earlier; a training step would take longer.
   */
  readonly lowLatency?: boolean;
  /** Has TensorFlow listen for other ranks, which work with this one; see `Ranks`. */
  readonly cluster?: Cluster | undefined;
}

/** The library that runs, behind tfjs's backend "tensorflow". */
export interface TensorFlow {
  /** Such as "tensorflow 2.21.0 · CPU, 2 threads". */
  readonly description: string;
  readonly device: "cpu" | "gpu";
  /** The GPU, where TensorFlow's pinned build uses one. */
  readonly gpu: CudaGpu | undefined;
  /** How many tensors TensorFlow holds for this process now. */
  readonly handleCount: number;
}

/** For the files beside this one. */
export interface OpenTensorFlow extends TensorFlow {
  /** The library's. */
  readonly path: string;
  readonly symbols: Symbols;
  readonly context: Context;
  readonly binding: Binding;
  readonly executor: EagerExecutor;
  readonly backend: NodeBackend;
}

/** What is needed of tfjs's node backend; its types keep it private. */
interface NodeBackend {
  readonly tensorMap: tf.DataStorage<TensorData>;
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
}

interface TensorData extends TensorMetadata {
  readonly values: null;
  readonly refCount: number;
}

function variantsFor(device: Device): readonly LibraryVariant[] {
  return device === "auto" ? ["gpu", "cpu"] : device === "cpu" ? ["cpu", "gpu"] : ["gpu"];
}

let opening: Promise<OpenTensorFlow> | undefined;
let opened: OpenTensorFlow | undefined;

/**
 * Opens TensorFlow and makes it tfjs's backend, "tensorflow". A process opens it once: a later call gives the same one,
 * with the threads it has. Throws an InputError where there is no library, or no GPU that can be used: with the device
 * "auto", not where there is none at all.
 */
export async function openTensorFlow(
  { device, threads, lowLatency = false, cluster }: TensorFlowOptions,
): Promise<TensorFlow> {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new RangeError(`TensorFlow cannot have ${threads} threads: a whole number from 1 is wanted`);
  }
  opening ??= open({ device, threads: threads ?? threadsFor(cluster), lowLatency, cluster });
  try {
    opened = await opening;
  } catch (error) {
    opening = undefined;
    throw error;
  }
  const { device: found, gpu } = opened;
  if (device !== "auto" && device !== found && device !== `gpu:${gpu?.index}`) {
    throw new Error(`Cannot use the ${device.toUpperCase()}: this process has opened ${opened.description}`);
  }
  return opened;
}

/** Throws an InputError that says so where the library does not open because its file was changed. */
async function openWhole(path: string, options: LibraryOptions): Promise<Symbols> {
  try {
    return openLibrary(path, options);
  } catch (error) {
    const { discardDamaged } = await import("@/lib/tensorflow/library/install.ts"); // not needed otherwise
    if (!(error instanceof InputError && await discardDamaged(path))) throw error;
    throw new InputError(
      `Cannot open TensorFlow's library ${path}: it was changed since it was set up. The next \`deno task setup\` ` +
        "fetches it anew, and so does any task that begins with it",
    );
  }
}

/** As many as the variable says that TensorFlow reads itself, or else as run at once, which ranks on one machine share. */
function threadsFor(cluster: Cluster | undefined): number {
  const wanted = Deno.env.get("TF_NUM_INTRAOP_THREADS");
  if (wanted && !/^[1-9]\d*$/.test(wanted)) {
    throw new InputError(`Cannot use TF_NUM_INTRAOP_THREADS=${wanted}: a whole number from 1 is wanted`);
  }
  if (wanted) return Number(wanted);
  const { hardwareConcurrency } = navigator;
  return cluster ? Math.max(1, Math.floor(hardwareConcurrency / ranksBeside(cluster))) : hardwareConcurrency;
}

async function open(
  { device, threads, lowLatency, cluster }: Required<TensorFlowOptions>,
): Promise<OpenTensorFlow> {
  const path = await findLibrary(variantsFor(device));
  const choice = await chooseGpu(device, path);
  const symbols = await openWhole(path, { lowLatency, hasRanks: cluster !== undefined });
  const { gpu, absence } = choice;
  const context = startContext(symbols, choice, {
    threads,
    opsAtOnce: lowLatency ? 1 : threads,
    onStart: (pointer) => cluster && startServer(symbols, pointer, cluster),
  });
  if (!context.usesGpu && (typeof gpu === "object" || (gpu === "any" && device !== "auto"))) {
    symbols.TFE_DeleteContext(context.pointer);
    throw new InputError(
      `Cannot use ${typeof gpu === "object" ? gpu.name : "a GPU"}: TensorFlow's library ${path} finds no GPU. ` +
        "With TF_CPP_MIN_LOG_LEVEL=0 in the environment it says why",
    );
  }
  const executor = new EagerExecutor(symbols, context);
  const binding = new Binding(cString(symbols.TF_Version()), executor, context.usesGpu);
  const processor = `CPU, ${counted(threads, "thread")}${absence === undefined ? "" : `; ${absence}`}`;
  const place = typeof gpu === "object" ? describeGpu(gpu) : context.usesGpu ? "GPU" : processor;
  return {
    description: `tensorflow ${binding.TF_Version} · ${place}`,
    device: context.usesGpu ? "gpu" : "cpu",
    gpu: typeof gpu === "object" ? gpu : undefined,
    get handleCount() {
      return executor.handleCount;
    },
    path,
    symbols,
    context,
    binding,
    executor,
    backend: await registerBackend(binding),
  };
}

function startContext(
  symbols: Symbols,
  { gpu }: GpuChoice,
  options: Omit<ContextOptions, "gpu">,
): Context {
  const start = () => newContext(symbols, { ...options, gpu: typeof gpu === "object" ? gpu.index : gpu });
  try {
    return gpu === undefined ? quietly(start) : start(); // the build for GPUs complains where there is none
  } catch (error) {
    throw typeof gpu === "object" && isOutOfMemory(error) ? tooFull(gpu, "there is no room to begin") : error;
  }
}

async function registerBackend(binding: Binding): Promise<NodeBackend> {
  // the kernels call it; Node 23 and Deno have it no more
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  const { NodeJSKernelBackend } = await import("@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js");
  await import("@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js");
  type Addon = ConstructorParameters<typeof NodeJSKernelBackend>[0]; // it can do more, such as run saved models
  const backend = new (withoutDelay(NodeJSKernelBackend))(binding as unknown as Addon, "@tensorflow/tfjs-node-gpu");
  roundWholeNumbers();
  gatherInTraces();
  sumCellsForXla();
  poolInGradients();
  tf.registerBackend("tensorflow", () => backend, 3);
  await tf.setBackend("tensorflow");
  fuseReluGradient((dy, y) => execute("ReluGrad", {}, [dy, y], 1)[0]!);
  return backend as unknown as NodeBackend;
}

/**
 * tfjs's backend hands a new tensor's values to TensorFlow where it is first used. Here that is done at once: what was
 * made before a function is traced is then no part of it.
 */
function withoutDelay(Backend: typeof NodeJSKernelBackend): typeof NodeJSKernelBackend {
  return class extends Backend {
    override move(...data: Parameters<NodeJSKernelBackend["move"]>): void {
      super.move(...data);
      const [dataId, values, shape, dtype] = data;
      if (values) (this as unknown as NodeBackend).getInputTensorIds([{ dataId, shape, dtype } as tf.Tensor]);
    }
  };
}

/** TensorFlow 2.21 makes a 0 of every whole number that it rounds. */
function roundWholeNumbers(): void {
  replaceKernel(
    "Round",
    "tensorflow",
    () => ({ inputs: { x }, backend }) =>
      (backend as NodeJSKernelBackend).executeSingleInput(x!.dtype === "int32" ? "Identity" : "Round", x!),
  );
}

/** tfjs's kernel reads the indices to check them; in a trace they have no values, and TensorFlow checks them later. */
function gatherInTraces(): void {
  replaceKernel("GatherV2", "tensorflow", (stock) => (parameters) => {
    if (!isTracing()) return stock(parameters);
    const { inputs, attrs } = parameters;
    const [x, indices] = [inputs["x"], inputs["indices"]] as [tf.Tensor, tf.Tensor];
    const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
    tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, batchDims);
    return tf.tidy(() => execute("GatherV2", { batch_dims: batchDims }, [x, indices, tf.scalar(axis, "int32")], 1))[0]!;
  });
}

/** XLA has no gradient of nearest-neighbor resizing; by a whole factor it is the sum of each cell. */
function sumCellsForXla(): void {
  replaceKernel("ResizeNearestNeighborGrad", "tensorflow", (stock) => (parameters) => {
    const { images, dy } = parameters.inputs as Record<"images" | "dy", tf.Tensor4D>;
    const [batch, height, width, channels] = images.shape;
    const [rows, columns] = [dy.shape[1] / height, dy.shape[2] / width];
    const isWhole = Number.isInteger(rows) && Number.isInteger(columns) && !parameters.attrs!["alignCorners"];
    if (!internals().binding.executor.forXla || !isWhole) return stock(parameters);
    return tf.tidy(() => tf.sum(tf.reshape(dy, [batch, height, rows, width, columns, channels]), [2, 4]));
  });
}

/** An op's attributes by name. Those that follow from the inputs, mostly types and counts, may be left out. */
export type OpAttributes = Readonly<Record<string, AttributeValue>>;

/**
 * Executes any of TensorFlow's ops. tfjs counts outputs of types that it lacks as float32, int32 (also int64) or string
 * (also resources); ops get them as they are. Throws a TensorFlowError that names the op.
 */
export function execute(
  op: string,
  attributes: OpAttributes,
  inputs: readonly tf.Tensor[],
  outputCount: number,
): tf.Tensor[] {
  const { binding, executor, backend } = internals();
  const disposed = inputs.findIndex((input) => input.isDisposed);
  if (disposed !== -1) throw new Error(`Cannot execute ${op}: input ${disposed} is disposed`);
  const typed = Object.entries(attributes)
    .map(([name, value]) => ({ name, value, ...executor.attributeType(op, name) }));
  return binding.executeOp(op, typed, backend.getInputTensorIds(inputs), outputCount)
    .map(toTensor);
}

/**
 * Has each of these, which a function that is traced has just computed, be there before anything begins that came after it
 * so far, also what does not need it. TensorFlow would leave a gradient that only waits to be sent to the end.
 */
export function computeInOrder(tensors: readonly tf.Tensor[]): void {
  const { binding: { executor }, backend } = internals();
  executor.computeInOrder(backend.getInputTensorIds(tensors));
}

/** A tensor of any of TensorFlow's types, with a copy of the values. */
export function newTensor(type: DataTypeName, shape: readonly number[], values: HostValues): tf.Tensor {
  const dtype = dataTypes[type];
  return toTensor({ id: internals().binding.createTensor(shape, dtype, values), shape: [...shape], dtype });
}

/**
 * Lends a float32 tensor's values where they lie, without a copy: they are gone when `use` returns. Other backends than
 * "tensorflow" copy.
 */
export async function lendValues<T>(tensor: tf.Tensor, use: (values: Float32Array) => T): Promise<T> {
  if (tf.getBackend() !== "tensorflow") return use(await tensor.data<"float32">());
  const { executor, backend } = internals();
  return executor.lend(backend.getInputTensorIds([tensor])[0]!, use);
}

/** Hands an executor's tensor to tfjs, which deletes it in the end. */
export function toTensor({ id, shape, dtype }: TensorMetadata): tf.Tensor {
  const dataId = {};
  internals().backend.tensorMap.set(dataId, { id, shape, dtype, values: null, refCount: 1 });
  return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype: tfjsType(dtype) });
}

/** Whether ops are written down in place of being executed. */
export function isTracing(): boolean {
  const { binding, executor } = internals();
  return binding.executor !== executor;
}

/** Has `run` execute its ops, also where a function is being traced. */
export function outsideTrace<T>(run: () => T): T {
  const { binding, executor } = internals();
  const current = binding.executor;
  binding.executor = executor;
  try {
    return run();
  } finally {
    binding.executor = current;
  }
}

/** For the files beside this one. Throws an Error where TensorFlow is not open. */
export function internals(): OpenTensorFlow {
  if (!opened) throw new Error("TensorFlow is not open: openTensorFlow() comes first");
  return opened;
}
