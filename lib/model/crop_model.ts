import { EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";
import { joinCrops } from "@/lib/model/join_crops.ts";
import type { OnnxSession } from "@/lib/model/onnx_session.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

/** What a trained model says of one crop. */
export interface CropPrediction {
  /** In crop pixels. */
  readonly map: PositionMap;
  /** [68, 3], crop pixels. */
  readonly landmarks: Float32Array;
  /** Amounts of the model's expressions; empty where it says nothing of them. */
  readonly expressions: Float32Array;
  /** The chance that there is a face; undefined where the model does not say it. */
  readonly presence: number | undefined;
}

/** A trained model that ONNX Runtime runs, in Deno or in a browser. */
export class CropModel {
  readonly #session: OnnxSession;

  /** @param imageSize pixels a side that the network sees */
  constructor(session: OnnxSession, readonly imageSize: number) {
    this.#session = session;
  }

  /** Several crops at once take less time than one after the other. Throws a TypeError where one has another size. */
  async predict(crops: readonly Photo[]): Promise<CropPrediction[]> {
    const size = this.imageSize;
    const outputs = await this.#session.run({
      image: { data: joinCrops(crops, size), shape: [crops.length, size, size, 3] },
    });
    const part = (name: string, i: number) => {
      const { data } = outputs[name] ?? { data: new Float32Array() };
      const count = data.length / crops.length;
      return data.subarray(i * count, (i + 1) * count);
    };
    return crops.map((_, i) => ({
      map: { size, positions: part("positions", i) },
      landmarks: part("landmarks", i),
      expressions: part(EXPRESSIONS, i),
      presence: part(PRESENCE, i)[0],
    }));
  }
}
