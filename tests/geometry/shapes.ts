import type { Mesh } from "@/lib/types.ts";

/** A sphere of radius 1 around the origin; triangles are counter-clockwise seen from outside, y up. */
export function sphere(rings = 24, sectors = 32): Mesh {
  const positions = [0, 1, 0];
  for (let ring = 1; ring < rings; ring++) {
    const polar = Math.PI * ring / rings;
    for (let sector = 0; sector < sectors; sector++) {
      const turn = 2 * Math.PI * sector / sectors;
      positions.push(Math.sin(polar) * Math.sin(turn), Math.cos(polar), Math.sin(polar) * Math.cos(turn));
    }
  }
  positions.push(0, -1, 0);
  const last = positions.length / 3 - 1;
  const at = (ring: number, sector: number) => {
    if (ring === 0) return 0;
    return ring === rings ? last : 1 + (ring - 1) * sectors + sector % sectors;
  };
  const triangles: number[] = [];
  for (let ring = 0; ring < rings; ring++) {
    for (let sector = 0; sector < sectors; sector++) {
      const [a, b] = [at(ring, sector), at(ring, sector + 1)];
      const [c, d] = [at(ring + 1, sector), at(ring + 1, sector + 1)];
      if (ring > 0) triangles.push(a, c, b);
      if (ring < rings - 1) triangles.push(b, c, d);
    }
  }
  return { positions: new Float32Array(positions), triangles: new Uint32Array(triangles) };
}
