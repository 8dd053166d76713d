import { EXPRESSION_COUNT, type FittedFace, IDENTITY_COUNT } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { matFile } from "@/tests/formats/mat_writer.ts";

/** A `.mat` as 300W-LP has it, or as AFLW2000-3D has it, with landmarks; what is not given is 0, at 1 pixel a unit. */
export function fittedFaceFile(
  { pose, translation = [0, 0, 0], scale = 1, ...amounts }: Partial<FittedFace>,
  { pt3d_68 = [], pt2d = [] }: { readonly pt3d_68?: readonly number[]; readonly pt2d?: readonly number[] } = {},
): Uint8Array {
  const double = { classNumber: 6, dataType: 9 };
  const { pitch, yaw, roll } = pose ?? { pitch: 0, yaw: 0, roll: 0 };
  const column = (name: string, values: ArrayLike<number> | undefined, length: number) => ({
    ...double,
    name,
    shape: [length, 1],
    values: Array.from({ length }, (_, i) => values?.[i] ?? 0),
  });
  return matFile([
    column("Shape_Para", amounts.identity, IDENTITY_COUNT),
    column("Exp_Para", amounts.expression, EXPRESSION_COUNT),
    { ...double, name: "Pose_Para", shape: [1, 7], values: [pitch, yaw, roll, ...translation, scale] },
    ...pt2d.length > 0 ? [{ ...double, name: "pt2d", shape: [2, 68], values: [...pt2d] }] : [],
    ...pt3d_68.length > 0 ? [{ ...double, name: "pt3d_68", shape: [3, 68], values: [...pt3d_68] }] : [],
  ], { little: true, compressed: true });
}
