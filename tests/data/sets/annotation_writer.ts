import { matFile } from "@/tests/formats/mat_writer.ts";

/** [68, 2] or [68, 3]: points around (6, 5) times `scale`, in MATLAB's pixels, that are no line. */
export function facePoints(dimensions: 2 | 3, scale = 1): number[] {
  return Array.from({ length: 68 }, (_, i) => {
    const angle = 2 * Math.PI * i / 68;
    return [6 + 4 * Math.cos(angle), 5 + 4 * Math.sin(angle), Math.cos(2 * angle)].slice(0, dimensions);
  }).flat().map((value) => value * scale);
}

/** A `.mat` as AFLW2000-3D (pt3d_68) and 300W-LP (pt2d) have it. */
export function annotationFile(
  points: { readonly pt2d?: readonly number[]; readonly pt3d_68?: readonly number[] },
): Uint8Array {
  const double = { classNumber: 6, dataType: 9 };
  const landmarks = Object.entries(points).map(([name, values]) => ({
    ...double,
    name,
    shape: [values.length / 68, 68],
    values,
  }));
  const pose = { ...double, name: "Pose_Para", shape: [1, 7], values: [0.1, 0.9, 0, 0, 0, 0, 1] };
  return matFile([...landmarks, pose], { little: true, compressed: true });
}
