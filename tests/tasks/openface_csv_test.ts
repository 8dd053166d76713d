import fc from "@/tests/fast_check.ts";
import { liveLinkHeader, liveLinkRow } from "@/lib/export/live_link.ts";
import { metersPerUnit } from "@/lib/export/exported_mesh.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { keyLandmarks, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import { poseOfLandmarks } from "@/lib/face/head_pose.ts";
import { findFaces } from "@/lib/track/photo_faces.ts";
import { openFaces } from "@/tasks/predict/open_faces.ts";
import { openFaceColumns, type OpenFaceRow, openFaceValues } from "@/tasks/track/openface_csv.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";

/** A row's numbers by its columns' names. */
function rowOf(row: OpenFaceRow): (name: string) => number {
  const values = openFaceValues(row);
  assertEquals(values.length, openFaceColumns.length);
  return (name) => Number(values[openFaceColumns.indexOf(name)]);
}

/** OpenFace's Euler2RotationMatrix (RotationHelpers.h), row by row. */
function openFaceRotation([rx, ry, rz]: readonly number[]): number[][] {
  const [s1, s2, s3] = [rx!, ry!, rz!].map(Math.sin) as [number, number, number];
  const [c1, c2, c3] = [rx!, ry!, rz!].map(Math.cos) as [number, number, number];
  return [
    [c2 * c3, -c2 * s3, s2],
    [c1 * s3 + c3 * s1 * s2, c1 * c3 - s1 * s2 * s3, -c2 * s1],
    [s1 * s3 - c1 * c3 * s2, c3 * s1 + c1 * s2 * s3, c1 * c2],
  ];
}

Deno.test("openFaceColumns are OpenFace's, in its order, without those that are not known", () => {
  assertEquals(
    openFaceColumns.slice(0, 12).join(),
    [
      ...["frame", "face_id", "timestamp", "confidence", "success"],
      ...["pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz", "x_0"],
    ].join(),
  );
  assertEquals(
    openFaceColumns.slice(11).filter((name) => /_(0|67)$/.test(name)).join(),
    [
      ...["x_0", "x_67", "y_0", "y_67", "X_0", "X_67", "Y_0", "Y_67", "Z_0", "Z_67"],
    ].join(),
  );
});

Deno.test("openFaceValues() places a head at rest where its landmarks are, by OpenFace's own rotation, millimeters and camera", () => {
  const model = builtInFace(), neutral = valuesAt(meshLandmarks(model), model.mean);
  const [width, height] = [800, 600], focal = 500 * 1.25, millimeters = 1000 * metersPerUnit(neutral);
  const mean = [0, 1, 2].map((k) => neutral.reduce((sum, value, i) => i % 3 === k ? sum + value : sum, 0) / 68);
  const angle = fc.double({ min: -1.2, max: 1.2, noNaN: true }), place = fc.double({ min: 100, max: 500, noNaN: true });
  fc.assert(fc.property(angle, angle, angle, place, place, (pitch, yaw, roll, left, top) => {
    const pose = { pitch, yaw, roll };
    const landmarks = placeInImage(neutral, {
      rotation: poseRotation(pose),
      scale: 15,
      translation: [left, top, 40],
    });
    const at = rowOf({ frame: 8, time: 0.3, id: 2, picture: { width, height }, landmarks, pose, score: 0.98 });
    assertEquals([at("frame"), at("face_id"), at("timestamp"), at("confidence"), at("success")], [9, 2, 0.3, 0.98, 1]);
    const axes = ["x", "y", "z"] as const;
    const rotation = openFaceRotation(axes.map((axis) => at(`pose_R${axis}`)));
    const [tx, ty, tz] = axes.map((axis) => at(`pose_T${axis}`)) as [number, number, number];
    assertClose(tz, focal * millimeters / 15, 0.1); // 15 pixels a unit
    for (const i of [0, 8, 16, 30, 36, 45, 57]) {
      const rest = [0, 1, 2].map((k) => millimeters * (k === 0 ? 1 : -1) * (neutral[3 * i + k]! - mean[k]!));
      const [x, y, z] = rotation.map((row) => row.reduce((sum, value, k) => sum + value * rest[k]!, 0));
      const depth = at(`Z_${i}`);
      assertClose(depth, tz + z!, 0.05, `Z_${i}`);
      assertClose(at(`X_${i}`), (tx + x!) * depth / tz, 0.05, `X_${i}`);
      assertClose(at(`Y_${i}`), (ty + y!) * depth / tz, 0.05, `Y_${i}`);
      assertClose(at(`x_${i}`), focal * at(`X_${i}`) / depth + width / 2 - 0.5, 0.05, `x_${i}`);
      assertClose(at(`y_${i}`), focal * at(`Y_${i}`) / depth + height / 2 - 0.5, 0.05, `y_${i}`);
    }
  }));
});

Deno.test("a drawn head that turns to a side, up or down, or rolls, does so in OpenFace's columns and in Live Link's", async () => {
  const opened = await openFaces(`${import.meta.dirname}/../../data/weights/lite`);
  const { crop: { margin }, neutralLandmarks } = opened.description;
  const actor = new DrawnActor({ seed: "anna", size: 240 }),
    degrees = 180 / Math.PI,
    names = liveLinkHeader().split(",");
  const seen = async (act: Readonly<Record<string, number>>) => {
    const { picture, landmarks: truth } = actor.draw(act);
    const [face] = await findFaces(picture, opened, { margin });
    const { landmarks, score } = face!.fit, pose = poseOfLandmarks(landmarks, neutralLandmarks!);
    const at = rowOf({ frame: 0, time: 0, id: 1, picture, landmarks, pose, score });
    const line = liveLinkRow({ time: 0, names: [], expressions: [], pose }).split(",");
    const link = (name: string) => degrees * Number(line[names.indexOf(name)]);
    const [right, left] = [keyLandmarks.rightEyeCorner, keyLandmarks.leftEyeCorner].map((i) => pointAt(truth, i));
    const tip = pointAt(truth, keyLandmarks.noseTip);
    return {
      open: (["Rx", "Ry", "Rz"] as const).map((name) => degrees * at(`pose_${name}`)),
      link: (["HeadPitch", "HeadYaw", "HeadRoll"] as const).map(link),
      tip: tip.map((value, k) => value - (right![k]! + left![k]!) / 2),
      slope: (left![1] - right![1]) / (left![0] - right![0]),
    };
  };
  const rest = await seen({});
  /** How much more than at rest, where each person's face is a little different. */
  const more = (a: readonly number[], b: readonly number[]) => a.map((value, k) => value - b[k]!);
  for (const [axis, name] of (["pitch", "yaw", "roll"] as const).entries()) {
    for (const turn of [-25, 25]) {
      const turned = await seen({ [name]: turn });
      const [open, link] = [more(turned.open, rest.open), more(turned.link, rest.link)];
      const { tip, slope } = turned;
      const where = [tip[1]! > rest.tip[1]!, tip[0]! < rest.tip[0]!, slope > rest.slope][axis]!; // down, left, clockwise
      assertClose(open[axis]!, where ? 25 : -25, 8, `OpenFace's ${name} of ${turn}°`);
      assertClose(link[axis]!, where ? -25 : 25, 8, `Live Link's ${name} of ${turn}°`);
      for (const other of [0, 1, 2]) {
        assert(other === axis || Math.abs(open[other]!) < 8, `${name} of ${turn}°: ${open}`);
      }
    }
  }
});
