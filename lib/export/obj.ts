import type { ExportedMesh } from "@/lib/export/exported_mesh.ts";

export interface ObjOptions {
  /** File name of the material library that {@linkcode encodeMtl} makes; none where the mesh has no texture. */
  readonly materials?: string;
}

const MATERIAL = "face";

/** A Wavefront OBJ; vertex colors, where there are some, follow the positions as MeshLab has it. */
export function encodeObj({ positions, triangles, uv, colors }: ExportedMesh, { materials }: ObjOptions = {}): string {
  const lines: string[] = [];
  if (materials !== undefined) lines.push(`mtllib ${materials}`, `usemtl ${MATERIAL}`);
  for (let i = 0; i < positions.length; i += 3) {
    const place = `v ${short(positions[i]!)} ${short(positions[i + 1]!)} ${short(positions[i + 2]!)}`;
    const color = colors && [...colors.subarray(i, i + 3)].map((byte) => (byte / 255).toFixed(4)).join(" ");
    lines.push(color === undefined ? place : `${place} ${color}`);
  }
  for (let i = 0; uv && i < uv.length; i += 2) lines.push(`vt ${short(uv[i]!)} ${short(1 - uv[i + 1]!)}`);
  for (let i = 0; i < triangles.length; i += 3) {
    const corners = [...triangles.subarray(i, i + 3)].map((vertex) => uv ? `${vertex + 1}/${vertex + 1}` : vertex + 1);
    lines.push(`f ${corners.join(" ")}`);
  }
  return lines.join("\n") + "\n";
}

/** The material library of an OBJ whose texture is this file. */
export function encodeMtl(texture: string): string {
  return `newmtl ${MATERIAL}\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd ${texture}\n`;
}

/** Single precision has no more digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(7)));
}
