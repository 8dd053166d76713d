import { expressionPlaces } from "@/lib/export/expression_places.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";
import { mean } from "@/lib/numbers.ts";

/** ARKit's 52 blend shapes in the order of Live Link Face's CSV files (Apple, ARFaceAnchor.BlendShapeLocation). */
export const arkitNames = [
  ...[
    "EyeBlinkLeft",
    "EyeLookDownLeft",
    "EyeLookInLeft",
    "EyeLookOutLeft",
    "EyeLookUpLeft",
    "EyeSquintLeft",
    "EyeWideLeft",
  ],
  ...["EyeBlinkRight", "EyeLookDownRight", "EyeLookInRight", "EyeLookOutRight", "EyeLookUpRight", "EyeSquintRight"],
  ...["EyeWideRight", "JawForward", "JawRight", "JawLeft", "JawOpen", "MouthClose", "MouthFunnel", "MouthPucker"],
  ...["MouthRight", "MouthLeft", "MouthSmileLeft", "MouthSmileRight", "MouthFrownLeft", "MouthFrownRight"],
  ...["MouthDimpleLeft", "MouthDimpleRight", "MouthStretchLeft", "MouthStretchRight", "MouthRollLower"],
  ...["MouthRollUpper", "MouthShrugLower", "MouthShrugUpper", "MouthPressLeft", "MouthPressRight"],
  ...["MouthLowerDownLeft", "MouthLowerDownRight", "MouthUpperUpLeft", "MouthUpperUpRight", "BrowDownLeft"],
  ...["BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight", "CheekPuff", "CheekSquintLeft"],
  ...["CheekSquintRight", "NoseSneerLeft", "NoseSneerRight", "TongueOut"],
] as const;

/**
 * The head's turn in radians about ARKit's axes (x towards the image's right, y up, z towards the viewer): positive yaw turns
 * the face towards the image's right, the person's own left, positive roll turns it counterclockwise on the screen, and
 * positive pitch looks up, as in MeFaMo, which streams so to Unreal. The eyes' are left at 0: their weights say where they look.
 */
const turns = [
  ...["HeadYaw", "HeadPitch", "HeadRoll"],
  ...["LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll"],
] as const;
/** Live Link Face counts frames of this rate in its time codes. */
const FRAMES_PER_SECOND = 60;

/** The first line of the file: what the columns are. */
export function liveLinkHeader(): string {
  return ["Timecode", "BlendShapeCount", ...arkitNames, ...turns].join(",");
}

/** One moment of a face. */
export interface LiveLinkRow {
  /** Seconds. */
  readonly time: number;
  /** Names of the weights, with `_L` and `_R` for the person's sides. */
  readonly names: readonly string[];
  readonly expressions: ArrayLike<number>;
  readonly pose: PoseAngles | undefined;
}

/** A line of weights by ARKit's names; what a model parts in two and ARKit does not is its mean, what it does not know 0. */
export function liveLinkRow({ time, names, expressions, pose }: LiveLinkRow): string {
  const weights = arkitNames.map((name) => {
    const places = arkitPlaces(name, names);
    return places.length > 0 ? mean(places.map((place) => expressions[place]!)) : 0;
  });
  const head = pose ? [-pose.yaw, pose.pitch, -pose.roll] : [0, 0, 0];
  const values = [...weights, ...head, 0, 0, 0, 0, 0, 0];
  return [timecode(time), values.length, ...values.map((value) => value.toFixed(6))].join(",");
}

/** Whether any of ARKit's blend shapes is among these names: components of a face model are not. */
export function saysBlendShapes(names: readonly string[]): boolean {
  return arkitNames.some((name) => arkitPlaces(name, names).length > 0);
}

function arkitPlaces(name: string, names: readonly string[]): number[] {
  const own = `${name[0]!.toLowerCase()}${name.slice(1)}`;
  const isWay = /^(jaw|mouth)(Left|Right)$/.test(own); // where they move, not a side of them
  return expressionPlaces(isWay ? own : own.replace(/Left$/, "_L").replace(/Right$/, "_R"), names);
}

/** Hours, minutes, seconds, frames and thousandths of a frame. */
function timecode(seconds: number): string {
  const frames = seconds * FRAMES_PER_SECOND, whole = Math.floor(frames + 1e-9);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [whole / 216_000, whole / 3600 % 60, whole / 60 % 60, whole % 60].map((value) =>
    two(Math.floor(value))
  );
  return `${clock.join(":")}.${String(Math.floor((frames - whole + 1e-9) * 1000)).padStart(3, "0")}`;
}
