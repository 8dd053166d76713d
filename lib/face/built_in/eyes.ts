import type { MaterialName } from "@/lib/face/morphable_model.ts";
import type { Head, PartName } from "./head.ts";
import { eyeball } from "./lids.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";

/** Angle from the pupil's center up to which each part of the eyeball reaches, in degrees. */
const rings: readonly (readonly [degrees: number, material: MaterialName])[] = [
  [9.5, "pupil"],
  [15, "iris"],
  [22, "iris"],
  [28.5, "iris"], // the iris of an adult is 11.7 mm wide
  [32, "sclera"],
  [42, "sclera"],
  [55, "sclera"],
  [70, "sclera"],
  [90, "sclera"],
  [115, "sclera"],
];
const SEGMENTS = 28;

/** The ends of the white that shows, as an angle from the pupil's axis: beyond lies flesh. */
const CORNER_ANGLE = 66 * DEGREE;

export function addEyes(head: Head): void {
  addSocket(head, "leftEye", -1);
  addSocket(head, "rightEye", 1);
  addEyeball(head, "leftEyeball", -1);
  addEyeball(head, "rightEyeball", 1);
}

/** Closes the gap between the lids' inner edges and the eyeball. */
function addSocket(head: Head, name: "leftEye" | "rightEye", side: 1 | -1): void {
  const outer = head.sheets.openings[name].at(-1)!;
  const radius = 0.97 * eyeball.radius;
  const inner = Array.from(outer, (v) => {
    const [x, y, z] = head.point(v);
    const [dx, dy] = [x - side * eyeball.x, y - eyeball.y];
    const sideways = Math.hypot(dx, dy);
    const angle = Math.min(Math.atan2(sideways, z - eyeball.z), CORNER_ANGLE);
    const across = radius * Math.sin(angle) / sideways;
    const depth = radius * Math.cos(angle);
    return head.add([side * eyeball.x + dx * across, eyeball.y + dy * across, eyeball.z + depth], "skin", head.like(v));
  });
  head.joinRings(outer, inner);
  head.cover("gums");
  head.sockets[name] = inner;
}

function addEyeball(head: Head, part: PartName, side: 1 | -1): void {
  const { x, y, z, radius } = eyeball;
  const pole = head.add([side * x, y, z + radius], part);
  let inner: number[] | undefined;
  for (const [degrees, material] of rings) {
    const angle = degrees * DEGREE;
    const [across, depth] = [radius * Math.sin(angle), radius * Math.cos(angle)];
    const ring = Array.from({ length: SEGMENTS }, (_, k) => {
      const around = -2 * Math.PI * k / SEGMENTS; // clockwise
      return head.add([side * x + across * Math.cos(around), y + across * Math.sin(around), z + depth], part);
    });
    if (inner) head.joinRings(ring, inner);
    else head.closeRing(ring, pole);
    head.cover(material);
    inner = ring;
  }
}
