import { boxCrop, cropPhoto } from "@/lib/data/maps/crop.ts";
import type { OnnxSession } from "@/lib/model/onnx_session.ts";
import { clamp } from "@/lib/numbers.ts";
import { type Detection, mergeDetections } from "@/lib/track/detection.ts";
import type { Crop, Photo } from "@/lib/types.ts";

/** Pixels a side of the picture that the detector sees. */
export const DETECTOR_SIZE = 256;

/** Grids of anchors: pixels between them, and how many stand at each place. */
const grids = [{ stride: 16, perPlace: 2 }, { stride: 32, perPlace: 6 }] as const;
const KEYPOINTS = 6;
/** Numbers that stand for a face: center, width and height, and keypoints. */
const VALUES = 4 + 2 * KEYPOINTS;

export interface DetectorOptions {
  /** From 0 to 1. */
  readonly leastScore?: number;
  /**
   * Also looks at parts of the picture, each this share of its shorter side, so that small faces are found: the detector
   * finds those of a tenth of what it sees. None unless given.
   */
  readonly parts?: number;
}

/**
 * BlazeFace (Bazarevsky et al., 2019), MediaPipe's detector for cameras at some distance, as `@vladmandic/human` has it:
 * bytes in, per grid `scores16` [1, 512, 1] and `boxes16` [1, 512, 16], `scores32` [1, 384, 1] and `boxes32` out.
 */
export class FaceDetector {
  readonly #session: OnnxSession;

  constructor(session: OnnxSession) {
    this.#session = session;
  }

  /** The faces in a picture, best first. */
  async detect(picture: Photo, { leastScore = 0.5, parts }: DetectorOptions = {}): Promise<Detection[]> {
    const { width, height } = picture;
    const whole: Crop = boxCrop({ left: 0, top: 0, width, height }, { margin: 1 });
    const crops = [whole, ...parts === undefined ? [] : partsOf(picture, parts)];
    const found: Detection[] = [];
    for (const crop of crops) found.push(...await this.#detectIn(picture, crop, leastScore));
    return mergeDetections(found);
  }

  async #detectIn(picture: Photo, { left, top, side }: Crop, leastScore: number): Promise<Detection[]> {
    const scale = DETECTOR_SIZE / side;
    const { rgb } = cropPhoto(picture, { left, top, side }, DETECTOR_SIZE);
    const outputs = await this.#session.run({ image: { data: rgb, shape: [1, DETECTOR_SIZE, DETECTOR_SIZE, 3] } });
    const least = Math.log(leastScore / (1 - leastScore)); // the sigmoid's inverse
    return grids.flatMap(({ stride, perPlace }) => {
      const scores = outputs[`scores${stride}`]!.data, boxes = outputs[`boxes${stride}`]!.data;
      const across = DETECTOR_SIZE / stride;
      const found: Detection[] = [];
      for (let anchor = 0; anchor < scores.length; anchor++) {
        if (scores[anchor]! < least) continue;
        const place = Math.floor(anchor / perPlace);
        const x = (place % across + 0.5) * stride, y = (Math.floor(place / across) + 0.5) * stride;
        const values = boxes.subarray(VALUES * anchor, VALUES * (anchor + 1));
        const [width, height] = [values[2]! / scale, values[3]! / scale];
        found.push({
          box: {
            left: left + (x + values[0]!) / scale - width / 2,
            top: top + (y + values[1]!) / scale - height / 2,
            width,
            height,
          },
          keypoints: values.slice(4).map((value, i) =>
            i % 2 === 0 ? left + (x + value) / scale : top + (y + value) / scale
          ),
          score: 1 / (1 + Math.exp(-scores[anchor]!)),
        });
      }
      return found;
    });
  }
}

/** Parts along a side: of strips that are longer, parts lie apart. */
const MOST_PARTS = 100;

/** Squares that overlap by half of their side and cover the picture. */
function partsOf({ width, height }: Photo, share: number): Crop[] {
  const side = share * Math.min(width, height);
  const starts = (length: number) => {
    const count = clamp(Math.ceil((length - side) / (side / 2)) + 1, 1, MOST_PARTS);
    return Array.from(
      { length: count },
      (_, i) => count === 1 ? (length - side) / 2 : i * (length - side) / (count - 1),
    );
  };
  return starts(height).flatMap((top) => starts(width).map((left) => ({ left, top, side })));
}
