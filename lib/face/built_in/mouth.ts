import { bump } from "./curve.ts";
import { MOUTH_Q } from "./grid.ts";
import type { Head, PartName } from "./head.ts";

/** What shows between the lips: a bag, teeth and a tongue. */
export function addMouth(head: Head): void {
  addCavity(head);
  addTongue(head);
  head.cover("gums");
  addTeeth(head, "upperJaw", { z: 8.85, gum: -5.9, edge: -7 });
  addTeeth(head, "lowerJaw", { z: 8.6, gum: -7.75, edge: -6.75 });
  head.cover("teeth");
}

/** Rings of the bag behind the lips' inner edge: width kept, opening and depth added. */
const cavityRings = [[0.97, 0.5, 0.5], [0.8, 0.9, 2.5], [0.3, 0.5, 4]] as const;

function addCavity(head: Head): void {
  const edge = head.sheets.openings.mouth.at(-1)!;
  let outer: ArrayLike<number> = edge;
  for (const [width, open, depth] of cavityRings) {
    const inner = Array.from(edge, (v) => {
      const [x, y, z] = head.point(v);
      return head.add([x * width, y + head.side[v]! * open, z - depth], "mouthCavity", head.like(v));
    });
    head.joinRings(outer, inner);
    outer = inner;
  }
  head.closeRing(outer, head.add([0, -6.8, 4.5], "mouthCavity", { q: MOUTH_Q, side: -1 }));
}

/** A row of teeth along a parabola; heights of the gum and of the biting edge. */
function addTeeth(head: Head, part: PartName, { z, gum, edge }: { z: number; gum: number; edge: number }): void {
  const columns = 49;
  const rows = [0, 0.35, 0.75, 1].map((down) =>
    Array.from({ length: columns }, (_, i) => {
      const x = 2.3 * Math.sin((i / (columns - 1) - 0.5) * Math.PI);
      const bulge = 0.1 * Math.sqrt(Math.abs(Math.sin(i * Math.PI / 4))) - (down === 1 ? 0.06 : 0); // four columns a tooth
      const shorter = down * (0.03 * x ** 2 + 0.01 * x ** 4) * Math.sign(gum - edge);
      return head.add([x, gum + down * (edge - gum) + shorter, z - 0.5 * x * x + bulge], part);
    })
  );
  head.joinRows(gum > edge ? rows : rows.reverse());
}

function addTongue(head: Head): void {
  const [rows, columns] = [7, 13];
  head.joinRows(Array.from({ length: rows }, (_, row) => {
    const along = Math.PI / 2 * row / (rows - 1); // from the root to the tip
    const narrowing = Math.cos(along);
    return Array.from({ length: columns }, (_, column) => {
      const around = Math.PI * column / (columns - 1); // from the left edge over the top to the right one
      const furrow = 0.08 * bump(Math.cos(around) / 0.4);
      const height = narrowing * (0.55 * Math.sin(around) - furrow);
      return head.add([-1.6 * narrowing * Math.cos(around), -7.55 + height, 5.2 + 3 * Math.sin(along)], "lowerJaw");
    });
  }));
}
