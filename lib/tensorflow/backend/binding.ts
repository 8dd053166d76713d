import { type Attribute, attributeTypes } from "@/lib/formats/attr_value.ts";
import type { Executor, TensorMetadata } from "@/lib/tensorflow/backend/eager.ts";
import { type DataType, dataTypes, type HostValues } from "@/lib/formats/data_types.ts";

/** What tfjs's node kernels call in place of their native addon: `TFJSBinding` of @tensorflow/tfjs-node-gpu. */
export class Binding {
  readonly TF_FLOAT = dataTypes.float32;
  readonly TF_INT32 = dataTypes.int32;
  readonly TF_INT64 = dataTypes.int64;
  readonly TF_BOOL = dataTypes.bool;
  readonly TF_COMPLEX64 = dataTypes.complex64;
  readonly TF_STRING = dataTypes.string;
  readonly TF_RESOURCE = dataTypes.resource;
  readonly TF_UINT8 = dataTypes.uint8;
  readonly TF_ATTR_STRING = attributeTypes.string;
  readonly TF_ATTR_INT = attributeTypes.int;
  readonly TF_ATTR_FLOAT = attributeTypes.float;
  readonly TF_ATTR_BOOL = attributeTypes.bool;
  readonly TF_ATTR_TYPE = attributeTypes.type;
  readonly TF_ATTR_SHAPE = attributeTypes.shape;

  constructor(
    readonly TF_Version: string,
    /** Another one may take over for a while, to write ops down into a graph in place of executing them. */
    public executor: Executor,
    readonly usesGpu: boolean,
  ) {}

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
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[] {
    return this.executor.execute(op, attributes, inputs, outputCount);
  }

  isUsingGpuDevice(): boolean {
    return this.usesGpu;
  }
}
