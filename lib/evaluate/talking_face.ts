import { CROP_MARGIN, cropPhoto, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { DrawnActor, talkingTurn } from "@/lib/data/synthetic/drawn_actor.ts";
import { amountErrors, type ExpressionCurve, type ExpressionCurves } from "@/lib/evaluate/expression_errors.ts";
import { clamp, mean } from "@/lib/numbers.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { partProgress, type ProgressListener } from "@/lib/progress.ts";
import type { Photo } from "@/lib/types.ts";

/** Who talks, and who looks. */
export interface TalkingFaceParts {
  /** What the face is drawn from; no video without one. */
  readonly model: MorphableModel | undefined;
  readonly seed: number;
  /** The faces that all else is measured on: of few, the video has only as many frames a second, 30 at most. */
  readonly faceCount?: number;
  /** Pixels a side that the network sees. */
  readonly imageSize: number;
  /** The expressions that the network says. */
  readonly names: readonly string[];
  /** [names] for each crop: what the network says of it. */
  readonly say: (crops: readonly Photo[], onProgress: ProgressListener) => Promise<readonly Float32Array[]>;
  readonly onProgress?: ProgressListener | undefined;
}

/** Expressions as ICT-FaceKit calls them; of what has two sides, the curve is their mean. */
const followed: Readonly<Record<string, readonly string[]>> = {
  blink: ["eyeBlink_L", "eyeBlink_R"],
  jaw: ["jawOpen"],
};

const SECONDS = 4;
const MOST_FRAMES_PER_SECOND = 30;
/** Share of the time that drawing takes, more or less. */
const DRAWING_SHARE = 0.5;
/** Degrees that a head turns as its person speaks. */
const REACH = 20;

/**
 * How a network follows the blinks and the jaw of a held-out person in a drawn video; undefined where there is nobody to
 * draw, or the network says neither.
 */
export async function followTalkingFace(
  { model, seed, faceCount = MOST_FRAMES_PER_SECOND, imageSize, names, say, onProgress }: TalkingFaceParts,
): Promise<ExpressionCurves | undefined> {
  const kinds = Object.entries(followed).filter(([, parts]) =>
    parts.every((name) => names.includes(name) && model?.expressionNames.includes(name))
  );
  if (!model || kinds.length === 0) return undefined;
  // as large as the crop, and what it takes to move
  const size = Math.round(1.25 * imageSize);
  const actor = new DrawnActor({ model, seed: `${seed}/test/talking`, size, headShare: 0.3 });
  const framesPerSecond = Math.min(MOST_FRAMES_PER_SECOND, faceCount), frameCount = SECONDS * framesPerSecond;
  const acts = Array.from({ length: frameCount }, (_, frame) => talkingTurn(frame / framesPerSecond, REACH));
  const crops = acts.map((act, frame) => {
    const { picture, landmarks } = actor.draw(act);
    onProgress?.(DRAWING_SHARE * (frame + 1) / frameCount);
    return cropPhoto(picture, landmarkCrop(landmarks, { margin: CROP_MARGIN }), imageSize);
  });
  const said = await say(crops, partProgress(onProgress, DRAWING_SHARE, 1));
  return {
    framesPerSecond,
    curves: kinds.map(([name, parts]) =>
      curveOf(name, {
        truth: acts.map(({ expression }) => mean(parts.map((part) => expression![part]!))),
        found: said.map((amounts) => mean(parts.map((part) => amounts[names.indexOf(part)]!))),
      })
    ),
  };
}

/** Rounded to thousandths. */
function curveOf(name: string, amounts: Pick<ExpressionCurve, "truth" | "found">): ExpressionCurve {
  const [truth, found] = [amounts.truth, amounts.found].map((values) =>
    values.map((value) => Math.round(1000 * clamp(value, 0, 1)) / 1000)
  ) as [number[], number[]];
  return { name, truth, found, ...amountErrors({ found, truth }) };
}
