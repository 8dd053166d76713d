import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { placeInImage, type Placement } from "@/lib/geometry/transforms.ts";
import type { Mat3, Vec3 } from "@/lib/types.ts";

/** A neck and shoulders under a head, dressed. */
export interface TorsoLook {
  /** The body's own, in model space: it does not turn with the head all the way. */
  readonly rotation: Mat3;
  /** How broad the shoulders are, 1 being usual. */
  readonly width: number;
  /** How far the neck's foot is from its usual place, in face units. */
  readonly shift: Vec3;
  /** Number of rows from the top that show skin: 1 is a high collar, 4 a wide neckline. */
  readonly neckline: number;
  /** Linear light. */
  readonly skin: Vec3;
  readonly cloth: Vec3;
  /** Height over the chin's that a scarf reaches to, in face units; none where it is missing. */
  readonly scarf?: { readonly height: number; readonly color: Vec3; readonly folds: number };
  /** Rows of the cloth are this much lighter and darker in turn. */
  readonly stripes: number;
}

/** Height over the neck's foot, half width and half depth, in face units, from the top down. */
const rows = [
  [0.3, 0.46, 0.48],
  [0.2, 0.52, 0.54],
  [0.1, 0.6, 0.6],
  [0, 0.74, 0.66],
  [-0.1, 0.95, 0.7],
  [-0.22, 1.22, 0.74],
  [-0.38, 1.5, 0.78],
  [-0.62, 1.72, 0.82],
  [-0.95, 1.82, 0.85],
  [-1.3, 1.86, 0.87],
  [-1.7, 1.88, 0.88],
  [-2.2, 1.9, 0.9],
  [-3.5, 1.9, 0.9],
] as const;
const COLUMNS = 32;

const SCARF_ROWS = 4;
/** The chin over the neck's foot. */
const CHIN = 0.6;

/** A scarf stands off the neck as far as the chin does, and wider below. */
function scarfRow(row: number, height: number): readonly [number, number, number] {
  const down = row / (SCARF_ROWS - 1);
  return [(CHIN + height) * (1 - down) - 0.1 * down, 0.78 + 0.3 * down, 1.32 - 0.35 * down];
}

export const torsoVertexCount = rows.length * COLUMNS;

/** [n, 3], counter-clockwise seen from outside. */
export const torsoTriangles = Uint32Array.from(
  Array.from({ length: (rows.length - 1) * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const a = row * COLUMNS + column, b = row * COLUMNS + (column + 1) % COLUMNS;
    return [a, a + COLUMNS, b, b, a + COLUMNS, b + COLUMNS];
  }).flat(),
);

/** The foot of the neck, in face units. */
export const NECK_FOOT: Vec3 = [0, -1.8, -1.05];

/** Writes the torso's vertices, [torsoVertexCount, 3], in image space, and their colors. */
export function shapeTorso(
  { rotation, width, shift, neckline, skin, cloth, stripes, scarf }: TorsoLook,
  { atlas: { unit, origin }, placement }: { atlas: Pick<FaceAtlas, "unit" | "origin">; placement: Placement },
  out: { positions: Float32Array; colors: Float32Array },
): void {
  const foot = placeInImage(
    Float32Array.from(NECK_FOOT, (value, axis) => (value + shift[axis]!) * unit + origin[axis]!),
    placement,
  );
  const { positions, colors } = out;
  rows.forEach((usual, row) => {
    const isScarf = scarf !== undefined && row < SCARF_ROWS;
    const [y, halfWidth, halfDepth] = isScarf ? scarfRow(row, scarf.height) : usual;
    const spread = row < SCARF_ROWS ? 1 : width;
    const isSkin = !isScarf && row < neckline;
    const shade = isSkin ? 1 : 1 + (row % 2 ? stripes : -stripes);
    const color = isScarf ? scarf.color : isSkin ? skin : cloth;
    for (let column = 0; column < COLUMNS; column++) {
      const angle = 2 * Math.PI * column / COLUMNS;
      const i = 3 * (row * COLUMNS + column);
      const fold = isScarf ? 1 + 0.05 * Math.sin(5 * angle + scarf.folds + 2 * row) : 1;
      // Shoulders slope: the sides hang lower than front and back.
      positions[i] = unit * halfWidth * spread * fold * Math.sin(angle);
      positions[i + 1] = unit * (y - (row > 3 && row < 9 ? 0.12 * Math.abs(Math.sin(angle)) : 0));
      positions[i + 2] = unit * halfDepth * fold * Math.cos(angle);
      for (let c = 0; c < 3; c++) colors[i + c] = shade * color[c]!;
    }
  });
  const translation = [foot[0]!, foot[1]!, foot[2]!] as const;
  placeInImage(positions, { rotation, scale: placement.scale, translation }, positions);
}
