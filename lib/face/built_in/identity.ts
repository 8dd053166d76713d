import type { Brush, Painter } from "./field.ts";
import { eyeball } from "./lids.ts";

const EYE = [eyeball.x, eyeball.y, 8] as const;
const both = "mirrored";

/** What tells one head from another; each the change of one standard deviation. */
const traits: Readonly<Record<string, readonly Brush[]>> = {
  faceWidth: [{ at: [0, -2, 0], reach: [40, 40, 40], grow: [0.035, 0, 0] }],
  faceLength: [{ at: [0, 0, 0], reach: [40, 24, 40], grow: [0, 0.03, 0] }],
  headDepth: [{ at: [0, 0, 8], reach: [40, 40, 40], grow: [0, 0, 0.035] }],
  jawWidth: [{ at: [5.6, -8, 1.5], reach: 6, move: [0.42, 0, 0], other: both }],
  jawHeight: [{ at: [5.6, -8, 1.5], reach: 5.5, move: [0, -0.4, 0], other: both }],
  chinProtrusion: [{ at: [0, -10, 9], reach: 4, move: [0, 0, 0.38] }],
  chinHeight: [{ at: [0, -11, 8.6], reach: 4.6, move: [0, -0.35, 0] }],
  chinWidth: [{ at: [1.8, -10.3, 8], reach: 3, move: [0.22, 0, 0.03], other: both }],
  cheekbones: [{ at: [5.4, -1.8, 6], reach: 3.6, move: [0.22, 0, 0.2], other: both }],
  cheekFullness: [{ at: [4.8, -5, 6.3], reach: 4, move: [0.32, 0, 0.22], other: both }],
  foreheadHeight: [{ at: [0, 9, 4], reach: [20, 7, 20], move: [0, 0.4, 0] }],
  foreheadSlope: [{ at: [0, 7.5, 8], reach: [9, 6, 9], move: [0, 0, -0.4] }],
  templeWidth: [{ at: [6.4, 3.2, 4], reach: 4.5, move: [0.2, 0, 0], other: both }],
  browRidge: [{ at: [2.2, 2.3, 9.3], reach: [3, 1.6, 3], move: [0, 0, 0.15], other: both }],
  browHeight: [{ at: [3.2, 2.5, 8.6], reach: [3.4, 1.9, 4], move: [0, 0.16, 0], other: both }],
  eyeSize: [{ at: EYE, reach: [3, 2.2, 3], grow: [0.06, 0.1, 0], other: both }],
  eyeSpacing: [{ at: EYE, reach: [3.2, 3.4, 4], move: [0.14, 0, 0], other: both }],
  eyeTilt: [{ at: EYE, reach: [3, 2.4, 4], turn: 0.05, other: both }],
  eyeDepth: [{ at: EYE, reach: [3.4, 2.6, 4], move: [0, 0, -0.16], other: both }],
  lidFold: [{ at: [3.3, 1.15, 8.1], reach: [2, 0.75, 2], move: [0, -0.06, 0.09], other: both }],
  noseLength: [{ at: [0, -4, 10.8], reach: [3, 3.6, 4], move: [0, -0.26, 0] }],
  noseWidth: [{ at: [1.5, -3.8, 9.6], reach: [1.4, 1.8, 2.4], move: [0.18, 0, 0], other: both }],
  noseBridgeHeight: [{ at: [0, 0, 9.6], reach: [2, 3, 3], move: [0, 0, 0.2] }],
  noseBridgeWidth: [{ at: [0.8, -0.8, 9], reach: [1.4, 3, 2.2], move: [0.08, 0, 0], other: both }],
  noseProtrusion: [{ at: [0, -3.4, 11.4], reach: [2.6, 3, 3], move: [0, 0, 0.24] }],
  noseUpturn: [{ at: [0, -3.5, 11.4], reach: [1.8, 2.2, 2.4], move: [0, 0.22, 0.03] }],
  noseHump: [{ at: [0, -1.4, 10.1], reach: [1.2, 1.8, 1.8], move: [0, 0, 0.11] }],
  noseTipWidth: [{ at: [0.6, -3.4, 11.2], reach: [1.1, 1.2, 1.4], move: [0.07, 0, 0], other: both }],
  mouthWidth: [{ at: [2.4, -6.85, 8.6], reach: [2.8, 2.4, 3], move: [0.2, 0, -0.05], other: both }],
  upperLipThickness: [{ at: [0, -6.1, 10], reach: [2.6, 0.8, 2.4], move: [0, 0.1, 0.08], lip: "upper" }],
  lowerLipThickness: [{ at: [0, -7.5, 9.8], reach: [2.6, 0.9, 2.4], move: [0, -0.1, 0.08], lip: "lower" }],
  philtrumLength: [{ at: [0, -7.6, 9.6], reach: [5, 3.4, 5], move: [0, -0.2, 0] }],
  mouthProtrusion: [{ at: [0, -6.8, 9.9], reach: [4, 3.2, 4], move: [0, 0, 0.22] }],
  mouthCorners: [{ at: [2.4, -6.9, 8.5], reach: [1.8, 1.4, 2], move: [0, 0.08, 0], other: both }],
  neckWidth: [{ at: [0, -15, -1.5], reach: [14, 7, 14], grow: [0.06, 0, 0.05] }],
  chinAside: [{ at: [0, -10.5, 8], reach: 7, move: [0.18, 0, 0] }],
  noseAside: [{ at: [0, -3.2, 10.8], reach: [2.2, 3, 3], move: [0.09, 0, 0] }],
  mouthAskew: [{ at: [2, -6.8, 9], reach: [3, 2, 3], move: [0, 0.06, 0], other: "opposite" }],
  eyesAskew: [{ at: EYE, reach: [3, 3, 4], move: [0, 0.06, 0], other: "opposite" }],
};

/** Changes of the vertices by one standard deviation of each trait, each [vertexCount, 3], in centimeters. */
export function identityModes(painter: Painter): Float32Array[] {
  return Object.values(traits).map((brushes) => painter.paint(brushes));
}
