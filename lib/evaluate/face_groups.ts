import type { Traits } from "@/lib/data/synthetic/drawn_source.ts";
import type { JudgedFace } from "@/lib/evaluate/mapped_faces.ts";
import { yawBinOf } from "@/lib/evaluate/nme.ts";
import { linearToLab } from "@/lib/geometry/color.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";
import type { Vec3 } from "@/lib/types.ts";

/** A drawn face that was judged, and what its picture shows. */
export interface TraitedFace extends JudgedFace {
  readonly traits: Traits;
}

/** Faces that have one property of a kind in common; a face may be in several groups of a kind, as of what covers it. */
export interface TraitGroup {
  /** The kind of property, such as "pitch". */
  readonly trait: string;
  /** The property, such as "up, over 15°". */
  readonly label: string;
  readonly faces: readonly TraitedFace[];
}

/** Names of the properties that a face has, and all that there are, in the order of a table. */
interface Grouping {
  readonly labels: readonly string[];
  readonly of: (face: TraitedFace) => readonly string[];
}

/** Bins of a number: labels one more than the ends between them. */
function bins(labels: readonly string[], ends: readonly number[], of: (face: TraitedFace) => number): Grouping {
  return { labels, of: (face) => [labels[ends.filter((end) => of(face) >= end).length]!] };
}

const skinTones = ["dark", "brown", "tan", "intermediate", "light", "very light"] as const;
/** Degrees of the individual typology angle between skin tones (Chardon, Cretois and Hourseau, 1991; Del Bino, 2006). */
const SKIN_TONE_ENDS = [-30, 10, 28, 41, 55];

/**
 * The individual typology angle of a skin's color, in degrees: the lighter, the larger. In CIE L*a*b*, atan2(L* − 50, b*).
 *
 * @param skin linear red, green, blue
 */
export function typologyAngle(skin: Vec3): number {
  const [lightness, , yellow] = linearToLab(skin);
  return Math.atan2(lightness - 50, yellow) / DEGREE;
}

const covers = ["glasses", "mask", "hand", "microphone", "phone", "things", "noise"] as const;

/** Labels of {@linkcode yawBins}: drawn heads turn a little beyond 90°. */
const yawLabels = ["0–30°", "30–60°", "beyond 60°"] as const;

/** Standard deviation of the blur, in pixels of a 256-pixel picture. */
const BLURRED = 1.2;
/** Factor of enlargement that counts as much. */
const MUCH = 1.6;

const groupings: Readonly<Record<string, Grouping>> = {
  yaw: { labels: yawLabels, of: ({ traits: { pose } }) => [yawLabels[yawBinOf(pose.yaw)]!] },
  pitch: bins(["down, over 15°", "level", "up, over 15°"], [-15, 15], ({ traits: { pose } }) => pose.pitch / DEGREE),
  age: bins(
    ["0–2 years", "3–11", "12–19", "20–49", "50–69", "70 and more"],
    [3, 12, 20, 50, 70],
    ({ traits }) => traits.years,
  ),
  "skin tone": bins(skinTones, SKIN_TONE_ENDS, ({ traits: { skin } }) => typologyAngle(skin)),
  cover: {
    labels: ["nothing", ...covers, "two or more"],
    of: ({ traits: { cover } }) =>
      cover.length === 0 ? ["nothing"] : cover.length > 1 ? [...cover, "two or more"] : cover,
  },
  light: {
    labels: ["soft", "hard, with shadows", "half in the dark"],
    of: ({ traits: { lighting } }) => [
      lighting.isLowKey ? "half in the dark" : lighting.isHard ? "hard, with shadows" : "soft",
    ],
  },
  sharpness: {
    labels: ["sharp", "blurred"],
    of: ({ traits: { camera } }) => [camera.blur > BLURRED ? "blurred" : "sharp"],
  },
  resolution: bins(
    ["full", `enlarged up to ${MUCH} times`, "enlarged more"],
    [1 + Number.EPSILON, MUCH],
    ({ traits: { camera } }) => camera.reduction,
  ),
  color: {
    labels: ["color", "black and white"],
    of: ({ traits: { camera } }) => [camera.saturation === 0 ? "black and white" : "color"],
  },
};

/** The faces by all that their pictures show, without groups that nobody is in. */
export function groupByTraits(faces: readonly TraitedFace[]): TraitGroup[] {
  return Object.entries(groupings).flatMap(([trait, { labels, of }]) =>
    labels.map((label) => ({ trait, label, faces: faces.filter((face) => of(face).includes(label)) }))
  ).filter(({ faces }) => faces.length > 0);
}
