import type * as tf from "@tensorflow/tfjs";
import { decodePositions, type PositionEncoding } from "@/lib/data/maps/position_map.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { runFolded } from "@/lib/model/run_folded.ts";
import { lendValues } from "@/lib/tensorflow/backend/backend.ts";
import { compile, type Compiled } from "@/lib/tensorflow/compile/compile.ts";
import { bytesTensor, bytesToUnit } from "@/lib/tensorflow/backend/host_tensors.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

/** A network as it is now, folded and compiled to be used again and again. Whoever makes one disposes it. */
export class Predictor implements Disposable {
  readonly #size: number;
  readonly #encoding: PositionEncoding;
  readonly #network: Compiled<[tf.Tensor4D], tf.Tensor4D>;

  constructor(network: tf.LayersModel, { encoding }: { readonly encoding: PositionEncoding }) {
    this.#size = network.inputs[0]!.shape[1]!;
    this.#encoding = encoding;
    const folded = runFolded(foldNetwork(network));
    this.#network = compile((images: tf.Tensor4D) => folded(bytesToUnit(images)) as tf.Tensor4D, { name: "predict" });
  }

  /**
   * The position maps that the network sees in crops of its image size, all at once; for each count of crops it is
   * compiled anew. Throws a TypeError where a crop has another size.
   */
  predict(crops: readonly Photo[]): PositionMap[] {
    const size = this.#size;
    const length = 3 * size * size;
    const images = bytesTensor(concatenate(crops, size), [crops.length, size, size, 3]);
    const maps = this.#network(images);
    try {
      return lendValues(maps, (encoded) =>
        crops.map((_, i) => ({
          size,
          positions: decodePositions(encoded.subarray(i * length, (i + 1) * length), {
            size,
            encoding: this.#encoding,
          }),
        })));
    } finally {
      maps.dispose();
      images.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.#network[Symbol.dispose]();
  }
}

/** The bytes of all pictures, one after the other. */
function concatenate(photos: readonly Photo[], size: number): Uint8Array {
  if (photos.length === 0) throw new RangeError("Cannot predict the maps of no pictures");
  const length = size * size * 3;
  const bytes = new Uint8Array(photos.length * length);
  photos.forEach(({ width, height, rgb }, i) => {
    if (width !== size || height !== size) {
      throw new TypeError(`Cannot predict the map of ${width} × ${height} pixels: the network takes ${size} × ${size}`);
    }
    bytes.set(rgb, i * length);
  });
  return bytes;
}
