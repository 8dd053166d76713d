import { type Attribute, attributeKinds, type AttributeValue } from "./attributes.ts";
import type { EagerExecutor, Executor, TensorMetadata } from "./eager.ts";
import { type DataType, dataTypes } from "./data_types.ts";
import type { HostValues } from "./tensor_values.ts";

/** An attribute as tfjs's node kernels state it. */
export interface NodeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: AttributeValue;
}

/**
 * What tfjs's node kernels call in place of their native addon (`TFJSBinding` in @tensorflow/tfjs-node): tensors by
 * number, ops by name.
 */
export class Binding {
  readonly TF_FLOAT = dataTypes.float32;
  readonly TF_INT32 = dataTypes.int32;
  readonly TF_INT64 = dataTypes.int64;
  readonly TF_BOOL = dataTypes.bool;
  readonly TF_COMPLEX64 = dataTypes.complex64;
  readonly TF_STRING = dataTypes.string;
  readonly TF_RESOURCE = dataTypes.resource;
  readonly TF_UINT8 = dataTypes.uint8;
  readonly TF_ATTR_STRING = attributeKinds.string;
  readonly TF_ATTR_INT = attributeKinds.int;
  readonly TF_ATTR_FLOAT = attributeKinds.float;
  readonly TF_ATTR_BOOL = attributeKinds.bool;
  readonly TF_ATTR_TYPE = attributeKinds.type;
  readonly TF_ATTR_SHAPE = attributeKinds.shape;
  readonly TF_Version: string;

  /** Carries out what the kernels ask for; while a function is traced, a graph takes the place of the eager one. */
  executor: Executor;

  readonly #eager: EagerExecutor;
  readonly #usesGpu: boolean;

  constructor(eager: EagerExecutor, options: { readonly version: string; readonly usesGpu: boolean }) {
    this.executor = eager;
    this.#eager = eager;
    this.#usesGpu = options.usesGpu;
    this.TF_Version = options.version;
  }

  createTensor(shape: readonly number[], type: DataType, values: HostValues): number {
    return this.executor.createTensor(shape, type, values);
  }

  deleteTensor(id: number): void {
    this.executor.delete(id);
  }

  tensorDataSync(id: number): HostValues {
    return this.executor.read(id);
  }

  executeOp(
    op: string,
    attributes: readonly NodeAttribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[] {
    const known: Attribute[] = [];
    for (const { name, type, value } of attributes) known.push({ name, kind: type, value });
    return this.executor.execute(op, known, inputs, outputCount);
  }

  isUsingGpuDevice(): boolean {
    return this.#usesGpu;
  }

  getNumOfTensors(): number {
    return this.#eager.handleCount;
  }
}
