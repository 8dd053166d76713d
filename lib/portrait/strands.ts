import { Random } from "@/lib/random.ts";

/** Brightness of hair's strands, around 0: texels along the hair change slowly, across it fast. */
export interface StrandTexture {
  readonly columns: number;
  readonly rows: number;
  /** [rows, columns] */
  readonly values: Float32Array;
}

export function strandTexture({ columns, rows }: Pick<StrandTexture, "columns" | "rows">): StrandTexture {
  const random = new Random("strands");
  const values = new Float32Array(columns * rows);
  for (const width of [1, 2, 4, 9, 21]) {
    const knots = Float32Array.from({ length: Math.ceil(columns / width) }, () => random.uniform(-1, 1));
    const drift = random.uniform(-3, 3); // texels from one row to the next
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = (column + drift * row + columns) / width;
        const low = Math.floor(at), part = at - low;
        const value = knots[low % knots.length]! * (1 - part) + knots[(low + 1) % knots.length]! * part;
        values[row * columns + column]! += value * (width < 3 ? 0.5 : 0.42);
      }
    }
  }
  return { columns, rows, values };
}

/** What makes hair uneven, from about -1 to 1. */
export interface HairNoise {
  /** [columns], one for each column of hair. */
  readonly ends: Float32Array;
  /** [columns, rows], smooth over the head. */
  readonly bumps: Float32Array;
}

export function hairNoise(seed: number, { columns, rows }: { columns: number; rows: number }): HairNoise {
  const random = new Random(`hair ${seed}`);
  const ends = Float32Array.from({ length: columns }, () => random.uniform(-1, 1));
  const waves = [2, 3, 5, 9, 14, 23].map((turns, k) => ({
    turns,
    phase: random.uniform(-6, 6),
    slant: random.uniform(-0.05, 0.55),
    amplitude: 0.45 / (1 + 0.3 * k),
  }));
  const bumps = Float32Array.from({ length: columns * rows }, (_, i) => {
    const angle = 2 * Math.PI * Math.floor(i / rows) / columns, row = i % rows;
    return waves.reduce((sum, w) => sum + w.amplitude * Math.sin(w.turns * angle + w.phase + row * w.slant), 0);
  });
  return { ends, bumps };
}
