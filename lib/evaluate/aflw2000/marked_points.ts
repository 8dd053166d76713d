import { faceSize } from "@/lib/evaluate/nme.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";

/**
 * Which of 68 landmarks each of AFLW's 21 points is the mean of, as 3DDFA's evaluation has it: corners and middles of the
 * brows, corners and centers of the eyes, an ear's lobe, the nose's wings and tip, the other lobe, the mouth's corners and
 * center, the chin.
 */
const landmarksOfPoint: readonly (readonly number[])[] = [
  [17],
  [19],
  [21],
  [22],
  [24],
  [26],
  [36],
  [36, 37, 38, 39, 40, 41],
  [39],
  [42],
  [42, 43, 44, 45, 46, 47],
  [45],
  [2],
  [31],
  [30],
  [35],
  [14],
  [48],
  [60, 61, 62, 63, 64, 65, 66, 67],
  [54],
  [8],
];

/**
 * The mean distance of AFLW's points that are visible from where landmarks have them, in percent of the face's size; NaN
 * where none is.
 *
 * @param landmarks [68, 3]
 * @param truth [68, 3], which gives the face's size
 * @param marked [21, 2], NaN what is not visible
 */
export function visiblePointsError(
  { predicted, truth, marked }: Readonly<Record<"predicted" | "truth" | "marked", Float32Array>>,
): number {
  let sum = 0, count = 0;
  landmarksOfPoint.forEach((landmarks, point) => {
    const [x, y] = marked.subarray(2 * point, 2 * point + 2);
    if (Number.isNaN(x)) return;
    const [foundX, foundY] = meanOf(predicted, landmarks);
    sum += Math.hypot(foundX - x!, foundY - y!);
    count++;
  });
  return 100 * sum / count / faceSize(truth);
}
