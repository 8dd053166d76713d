import { landmarkBox, landmarkLines, landmarksOfPart, landmarkUv } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Crop } from "@/lib/types.ts";
import { type Drawing, panelRow } from "@/lib/view/figures/panels.ts";
import type { SvgFigure } from "@/lib/view/figures/svg_figure.ts";

/** What a close-up may show, and the landmarks that it is laid around. */
const closeUps = {
  eye: landmarkLines.rightEye.landmarks,
  nose: landmarksOfPart("nose"),
  mouth: landmarkLines.outerLips.landmarks,
};

export interface UvRowOptions {
  readonly closeUp?: keyof typeof closeUps;
}

/** The wireframe of a surface flattened into UV, whole and close up. */
export async function uvRow(surface: FaceSurface, { closeUp = "eye" }: UvRowOptions = {}): Promise<SvgFigure> {
  const near = landmarkSquare(surface, closeUp);
  const [x, y, side] = [near.left, near.top, near.side].map((value) => Math.round(GRID * value));
  const frame =
    `<rect x="${x}" y="${y}" width="${side}" height="${side}" fill="none" stroke="${MARK}" stroke-width="9"/>`;
  const whole = uvWireframe(surface, { left: 0, top: 0, side: 1, wire: 2, dot: 11 });
  const enlarged = uvWireframe(surface, { ...near, wire: 4, dot: 22 });
  return await panelRow([
    {
      picture: { ...whole, elements: whole.elements + frame },
      label: ["Wireframe in UV space", "u to the right, v down, both from 0 to 1; dots: the 68 landmarks"],
    },
    {
      picture: enlarged,
      label: [
        `Close up: ${closeUp === "eye" ? "an" : "the"} ${closeUp}`,
        `${(1 / near.side).toFixed(1)} times as large`,
      ],
    },
  ], { caption: `The wireframe of the face's surface flattened into UV, whole and close up at the ${closeUp}` });
}

/** Steps a side that places are rounded to: each takes a character or two less than with decimals. */
const GRID = 2_000;

/** Okabe and Ito's vermilion. */
const MARK = "#d55e00";

/** What lies in a square of UV space; widths are in steps of the grid. */
function uvWireframe(
  surface: FaceSurface,
  { left, top, side, wire, dot }: Crop & { wire: number; dot: number },
): Drawing {
  const { uv, triangles } = surface;
  const at = (value: number, start: number) => Math.round(GRID * (value - start) / side);
  const x = (vertex: number) => at(uv[2 * vertex]!, left);
  const y = (vertex: number) => at(uv[2 * vertex + 1]!, top);
  const shown: number[] = [];
  for (let t = 0; t < triangles.length; t += 3) {
    const corners = triangles.subarray(t, t + 3);
    const [xs, ys] = [corners.map(x), corners.map(y)].map((values) => Int32Array.from(values));
    if (Math.max(...xs!) < 0 || Math.min(...xs!) > GRID || Math.max(...ys!) < 0 || Math.min(...ys!) > GRID) continue;
    shown.push(...corners);
  }
  const path = trails(shown).map((trail) => {
    const steps = trail.slice(1).map((vertex, i) => {
      const [dx, dy] = [x(vertex) - x(trail[i]!), y(vertex) - y(trail[i]!)];
      return `${dx < 0 || i === 0 ? "" : " "}${dx}${dy < 0 ? "" : " "}${dy}`;
    });
    return `M${x(trail[0]!)} ${y(trail[0]!)}l${steps.join("")}`;
  }).join("");
  const marks = landmarkUv(surface);
  const dots = Array.from(
    { length: marks.length / 2 },
    (_, i) => `<circle cx="${at(marks[2 * i]!, left)}" cy="${at(marks[2 * i + 1]!, top)}" r="${dot}"/>`,
  );
  return {
    width: GRID,
    height: GRID,
    elements: `<path d="${path}" fill="none" stroke="#17365c" stroke-width="${wire}" stroke-linejoin="round"/>` +
      `<g fill="${MARK}" stroke="#fff" stroke-width="${dot / 4}">${dots.join("")}</g>`,
  };
}

/** Lines that go along each edge of the triangles once. */
export function trails(triangles: ArrayLike<number>): number[][] {
  const neighbors = new Map<number, Set<number>>();
  for (let corner = 0; corner < triangles.length; corner++) {
    const [a, b] = [triangles[corner]!, triangles[corner % 3 === 2 ? corner - 2 : corner + 1]!];
    if (a === b) continue;
    for (const [from, to] of [[a, b], [b, a]] as const) {
      if (!neighbors.has(from)) neighbors.set(from, new Set());
      neighbors.get(from)!.add(to);
    }
  }
  const found: number[][] = [];
  for (const [start, ends] of neighbors) {
    while (ends.size > 0) {
      const trail = [start];
      for (let at = start;;) {
        const [next] = neighbors.get(at)!;
        if (next === undefined) break;
        neighbors.get(at)!.delete(next);
        neighbors.get(next)!.delete(at);
        trail.push(next);
        at = next;
      }
      found.push(trail);
    }
  }
  return found;
}

/** A square of UV space around landmarks. */
function landmarkSquare(surface: FaceSurface, part: keyof typeof closeUps): Crop {
  const { left, top, width, height } = landmarkBox(landmarkUv(surface), closeUps[part]);
  const side = Math.min(1, 1.7 * Math.max(width, height));
  const start = (from: number, length: number) => clamp(from + (length - side) / 2, 0, 1 - side);
  return { left: start(left, width), top: start(top, height), side };
}
