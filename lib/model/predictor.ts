import type * as tf from "@tensorflow/tfjs";
import { decodePositions, type PositionEncoding } from "@/lib/data/maps/position_map.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import type { FoldedNetwork } from "@/lib/model/folded_network.ts";
import { joinCrops } from "@/lib/model/join_crops.ts";
import { runFolded } from "@/lib/model/run_folded.ts";
import { lendValues } from "@/lib/tensorflow/backend/backend.ts";
import { compile, type Compiled } from "@/lib/tensorflow/compile/compile.ts";
import { bytesTensor, bytesToUnit } from "@/lib/tensorflow/backend/host_tensors.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

/** A network as it is now, folded and compiled to be used again and again. Whoever makes one disposes it. */
export class Predictor implements Disposable {
  readonly #size: number;
  readonly #encoding: PositionEncoding;
  readonly #folded: FoldedNetwork;
  readonly #network: Compiled<[tf.Tensor4D], tf.Tensor>;
  readonly #heads = new Map<string, Compiled<[tf.Tensor4D], tf.Tensor>>();

  constructor(network: tf.LayersModel, { encoding }: { readonly encoding: PositionEncoding }) {
    this.#size = network.inputs[0]!.shape[1]!;
    this.#encoding = encoding;
    this.#folded = foldNetwork(network);
    this.#network = compileFolded(this.#folded);
  }

  /**
   * The position maps that the network sees in crops of its image size, all at once; for each count of crops it is
   * compiled anew. Throws a TypeError where a crop has another size.
   */
  async predict(crops: readonly Photo[]): Promise<PositionMap[]> {
    const [size, encoding] = [this.#size, this.#encoding];
    return await this.#run(
      this.#network,
      crops,
      (encoded) => ({ size, positions: decodePositions(encoded, { size, encoding }) }),
    );
  }

  /** The same of the head of this name, such as {@linkcode EXPRESSIONS}: its units' values for each crop. */
  async predictHead(head: string, crops: readonly Photo[]): Promise<Float32Array[]> {
    const network = this.#heads.getOrInsertComputed(head, () => compileFolded(this.#folded, head));
    return await this.#run(network, crops, (values) => values.slice());
  }

  async #run<T>(
    network: Compiled<[tf.Tensor4D], tf.Tensor>,
    crops: readonly Photo[],
    read: (values: Float32Array) => T,
  ): Promise<T[]> {
    const size = this.#size;
    const images = bytesTensor(joinCrops(crops, size), [crops.length, size, size, 3]);
    const result = network(images);
    try {
      return await lendValues(result, (values) => {
        const length = values.length / crops.length;
        return crops.map((_, i) => read(values.subarray(i * length, (i + 1) * length)));
      });
    } finally {
      result.dispose();
      images.dispose();
    }
  }

  [Symbol.dispose](): void {
    for (const network of [this.#network, ...this.#heads.values()]) network[Symbol.dispose]();
  }
}

function compileFolded(folded: FoldedNetwork, head?: string): Compiled<[tf.Tensor4D], tf.Tensor> {
  const run = runFolded(folded, head);
  return compile((images: tf.Tensor4D) => run(bytesToUnit(images)), { name: "predict" });
}
