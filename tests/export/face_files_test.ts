/** What is written of a face, read back by three.js, numpy and sharp. The face is drawn, so its truth is known. */
import sharp from "sharp";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { cropToImage } from "@/lib/data/maps/crop.ts";
import { decodePositions, readVertices } from "@/lib/data/maps/position_map.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { type FaceFileKind, faceFileKinds } from "@/lib/export/face_file_kinds.ts";
import { faceFiles, type WrittenFace } from "@/lib/export/face_files.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { LANDMARK_COUNT, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { alignPoints3D } from "@/lib/geometry/procrustes.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import { faceRecord } from "@/lib/track/face_record.ts";
import type { Photo } from "@/lib/types.ts";
import { sampleBilinear } from "@/lib/geometry/sample_texture.ts";
import { readGlb, readObj, readPly } from "@/tests/export/three_reader.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const SIZE = 256;
/** Where the drawn crop stands in the photo. */
const crop = { left: 60, top: 20, side: SIZE } as const;
const model = builtInFace();
const neutralLandmarks = valuesAt(meshLandmarks(model), model.mean);
const source = drawnSource(model, { seed: 5, imageSize: SIZE, augment: false });

/** A drawn face in a larger gray photo, as a network without errors would see it. */
function drawnFace(index: number): WrittenFace {
  const { image, map, landmarks } = source.sample(index, "test");
  const photo = { width: 400, height: 300, rgb: new Uint8Array(3 * 400 * 300).fill(128) };
  for (let row = 0; row < SIZE; row++) {
    photo.rgb.set(image.rgb.subarray(3 * SIZE * row, 3 * SIZE * (row + 1)), 3 * (400 * (row + crop.top) + crop.left));
  }
  const fit = {
    crop,
    map: map.positions,
    vertices: cropToImage(readVertices(map, model.surface), { crop, size: SIZE }),
    landmarks: cropToImage(landmarks, { crop, size: SIZE }),
    expressions: Float32Array.of(0.25, 1),
    score: 0.875,
    signature: new Float32Array(),
  };
  const recorded = { ...model, neutralLandmarks, expressionNames: ["jawOpen", "eyeBlink_L"] };
  const file = { fileWidth: 400, fileHeight: 300, orientation: 6 };
  const record = faceRecord(fit, recorded, { photo: { ...photo, ...file }, detectorScore: 0.9 });
  return { photo, fileScale: 1, fit, record, surface: model.surface, imageSize: SIZE };
}

const face = drawnFace(0);

async function filesOf(written: WrittenFace, kinds: readonly FaceFileKind[] = faceFileKinds) {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const [name, content] of faceFiles(written, kinds)) {
    files.set(name, typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content));
  }
  return files;
}

const files = await filesOf(face);
const text = (name: string) => new TextDecoder().decode(files.get(name)!);

/** The surface's vertices that are written, in their order; the outline is smoothed. */
const written = [...new Set(trianglesWithoutNeck(face.surface))].sort((a, b) => a - b);
const outline = new Set(boundaryLoops(trianglesWithoutNeck(face.surface))[0]);

/** [vertexCount], whether the photo shows the vertex, facing the viewer. */
const isSeen = (() => {
  const mesh = { positions: face.fit.vertices, triangles: face.surface.triangles };
  const normals = vertexNormals(mesh);
  return lightVisibility(mesh, [0, 0, 1], { normals, size: 256 }).map((share, v) =>
    Number(share === 1 && normals[3 * v + 2]! > 0.5 && !outline.has(v))
  );
})();

/** Mean difference, in levels of 255, of the photo where these vertices are and what is said of each one's color. */
function colorError(vertices: readonly number[], colorOf: (place: number, channel: number) => number): number {
  const errors = vertices.flatMap((v, place) => {
    const [x, y] = face.fit.vertices.subarray(3 * v, 3 * v + 2);
    return [0, 1, 2].map((channel) =>
      Math.abs(colorOf(place, channel) - colorAt(face.photo, { x: x!, y: y!, channel }))
    );
  });
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

function colorAt(photo: Photo, { x, y, channel }: Record<"x" | "y" | "channel", number>): number {
  const color = new Float32Array(3);
  sampleBilinear(photo, x, y, color);
  return color[channel]!;
}

Deno.test("faceFiles() writes what it is asked for and nothing else", async () => {
  const written = async (kind: FaceFileKind) => [...(await filesOf(face, [kind])).keys()];
  assertEquals(await written("landmarks"), ["face.json"]);
  assertEquals(await written("panels"), ["panels.png"]);
  assertEquals(await written("mesh"), ["mesh.obj", "mesh.mtl", "texture.jpg", "mesh.ply", "mesh.glb"]);
  assertEquals(await written("maps"), ["map.npy", "map.png", "depth.png"]);
  assertEquals([...files.keys()].length, 10);
});

Deno.test("face.json has the landmarks in the photo's pixels, in both conventions, pose, visibility, scores and expression", () => {
  const record = JSON.parse(text("face.json"));
  assertAllClose(record.landmarks.flat(), face.fit.landmarks, 0.0051);
  assertEquals([record.convention, Object.keys(record.landmarksByConvention)], ["300w-lp", ["outline"]]);
  const outline = valuesAt(model.surface.landmarks.outline!, face.fit.vertices);
  assertAllClose(record.landmarksByConvention.outline.flat(), outline, 0.0051);
  assertEquals(record.picture, { width: 400, height: 300, orientation: 6 });
  assertEquals(record.crop, crop);
  assertEquals(record.scores, { detector: 0.9, fit: 0.88 });
  assertEquals(record.expressions, { jawOpen: 0.25, eyeBlink_L: 1 });
  assertEquals(record.visibility.length, 68);
});

Deno.test("faceRecord() gives the pose that the face was drawn in, and sees the side that is turned to the viewer", () => {
  let profiles = 0;
  for (let index = 0; index < 24; index++) {
    const { record, fit } = drawnFace(index);
    const { yaw } = record.pose!;
    const { rotation } = alignPoints3D(neutralLandmarks, fit.landmarks.map((value, i) => i % 3 === 1 ? -value : value));
    const [right, up, away] = rotation as unknown as [number, number, number];
    const cosine = Math.sign(right) * Math.hypot(right, up); // below 0 past the profile, as none rolls by 90°
    assertClose(yaw, Math.atan2(-away, cosine) * 180 / Math.PI, 6, `yaw of ${index}`);
    if (Math.abs(yaw) < 50) continue;
    profiles++;
    const side = (landmarks: readonly number[]) => landmarks.reduce((sum, i) => sum + record.visibility[i]!, 0);
    const [imageLeft, imageRight] = [side([0, 1, 2, 3, 36, 37, 41]), side([16, 15, 14, 13, 45, 44, 46])];
    assert(yaw > 0 ? imageRight > imageLeft + 2 : imageLeft > imageRight + 2, `${yaw}: ${imageLeft}, ${imageRight}`);
  }
  assert(profiles >= 3);
});

Deno.test("faceRecord() sees all of a face's inner parts from the front, also where they end at an edge, and the nearer eye in profile", () => {
  const inner = Array.from({ length: LANDMARK_COUNT - 17 }, (_, i) => 17 + i);
  const seenAt = (yaw: number) => {
    const rotation = poseRotation({ pitch: 0, yaw, roll: 0 });
    const placed = placeInImage(model.mean, { rotation, scale: 12, translation: [200, 150, 0] });
    const vertices = placed.subarray(0, 3 * model.surface.regions.length);
    const fit = { ...face.fit, vertices, landmarks: valuesAt(landmarksOf(model.surface.landmarks), vertices) };
    const file = { width: 400, fileWidth: 400, fileHeight: 300, orientation: 1 };
    return faceRecord(fit, model, { photo: file }).visibility;
  };
  const frontal = seenAt(0);
  assertEquals(inner.filter((i) => frontal[i]! < 0.9), []);
  for (const side of [-1, 1]) {
    const profile = seenAt(side * 80 * Math.PI / 180);
    const eyes = [[36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]] as const;
    const [far, near] = side > 0 ? eyes : eyes.toReversed();
    assertEquals([far!.filter((i) => profile[i]! > 0.1), near!.filter((i) => profile[i]! < 0.9)], [[], []]);
  }
});

Deno.test("mesh.ply has the surface in the photo's pixels, y up, in the photo's colors, its outside to the viewer", () => {
  const { positions, triangles, colors } = readPly(files.get("mesh.ply")!);
  assertEquals(new Set(triangles).size, positions.length / 3); // no vertex is without a triangle
  written.forEach((vertex, place) => {
    if (outline.has(vertex)) return;
    const [x, y, z] = face.fit.vertices.subarray(3 * vertex, 3 * vertex + 3);
    assertAllClose(positions.subarray(3 * place, 3 * place + 3), [x!, face.photo.height - y!, z!], 1e-4);
  });
  const seen = [...written.keys()].filter((place) => isSeen[written[place]!]);
  assert(seen.length > 1000);
  const colorOf = (i: number, channel: number) => 255 * colors![3 * seen[i]! + channel]!;
  const error = colorError(seen.map((place) => written[place]!), colorOf);
  assert(error < 1, `${error} levels`);
  let area = 0; // of triangles as they are seen: counter-clockwise ones count positive
  for (let t = 0; t < triangles!.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => positions.subarray(3 * triangles![t + k]!, 3 * triangles![t + k]! + 2));
    area += (b![0]! - a![0]!) * (c![1]! - a![1]!) - (b![1]! - a![1]!) * (c![0]! - a![0]!);
  }
  assert(area > 0, "the outside looks away");
});

Deno.test("mesh.obj has the PLY's triangles, and texture coordinates at which texture.jpg shows the photo", async () => {
  const { positions, uv, textures } = readObj(text("mesh.obj"), text("mesh.mtl"));
  assert(text("mesh.obj").startsWith("mtllib mesh.mtl\nusemtl face\n"));
  assertEquals(textures, { face: "texture.jpg" });
  const ply = readPly(files.get("mesh.ply")!);
  const corners = [...ply.triangles!].flatMap((v) => [...ply.positions.subarray(3 * v, 3 * v + 3)]);
  assertAllClose(positions, corners, 1e-3);
  const texture = await decodePhoto(files.get("texture.jpg")!);
  const ownCorners = trianglesWithoutNeck(face.surface).length; // those of closed holes come after
  const seen = Array.from({ length: ownCorners }, (_, i) => i).filter((i) => isSeen[written[ply.triangles![i]!]!]);
  assert(seen.length > 3000);
  const error = colorError(seen.map((i) => written[ply.triangles![i]!]!), (place, channel) => {
    const [u, v] = uv!.subarray(2 * seen[place]!, 2 * seen[place]! + 2);
    return colorAt(texture, { x: u! * texture.width, y: (1 - v!) * texture.height, channel });
  });
  assert(error < 6, `${error} levels`);
});

Deno.test("texture.jpg has the PLY's colors where the photo ends before the face does", async () => {
  const { fit: { vertices }, photo: { height } } = face, width = 190;
  const rows = Array.from({ length: height }, (_, row) => face.photo.rgb.subarray(1200 * row, 1200 * row + 3 * width));
  const cut = await filesOf({
    ...face,
    photo: { width, height, rgb: Uint8Array.from(rows.flatMap((row) => [...row])) },
  }, [
    "mesh",
  ]);
  const texture = await decodePhoto(cut.get("texture.jpg")!), ply = readPly(cut.get("mesh.ply")!);
  const { uv } = readObj(new TextDecoder().decode(cut.get("mesh.obj")!), text("mesh.mtl"));
  const isOutside = (place: number) => place < written.length && vertices[3 * written[place]!]! > width + 10;
  const outside = [...ply.triangles!.keys()].filter((corner) => isOutside(ply.triangles![corner]!));
  assert(outside.length > 1000, `${outside.length} corners are outside`);
  const errors = outside.flatMap((corner) => {
    const [u, v] = uv!.subarray(2 * corner, 2 * corner + 2);
    const place = { x: u! * texture.width, y: (1 - v!) * texture.height };
    return [0, 1, 2].map((channel) =>
      Math.abs(255 * ply.colors![3 * ply.triangles![corner]! + channel]! - colorAt(texture, { ...place, channel }))
    );
  });
  const error = errors.reduce((sum, value) => sum + value, 0) / errors.length;
  assert(error < 3, `${error} levels`);
});

Deno.test("mesh.glb has the same mesh in meters about the origin, with its texture", async () => {
  const { positions, triangles, uv, textureSize } = await readGlb(files.get("mesh.glb")!);
  const ply = readPly(files.get("mesh.ply")!);
  assertEquals([triangles!.length, textureSize], [ply.triangles!.length, [512, 512]]);
  assertEquals(uv!.length / 2, positions.length / 3);
  const { rotation, scale } = alignPoints3D(ply.positions, positions);
  assertAllClose(rotation, [1, 0, 0, 0, 1, 0, 0, 0, 1], 1e-4);
  const [left, right] = [36, 45].map((landmark) => face.fit.landmarks.subarray(3 * landmark, 3 * landmark + 3));
  assertClose(scale * Math.hypot(...left!.map((value, axis) => value - right![axis]!)), 0.09, 1e-4, "eyes' distance");
  for (const axis of [0, 1, 2]) {
    const values = positions.filter((_, i) => i % 3 === axis);
    assertClose(Math.min(...values) + Math.max(...values), 0, 1e-5, "the middle");
  }
});

Deno.test({
  name: "map.npy is to numpy the position map in crop pixels",
  ignore: !await hasModules("numpy"),
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.writeFile(`${folder.path}/map.npy`, files.get("map.npy")!);
    const script = `
import json, sys, numpy
a = numpy.load(sys.argv[1])
print(json.dumps([a.dtype.str, a.flags.c_contiguous, a.shape, [a[3, 200, 1].item(), a[200, 100, 2].item()]]))`;
    const [type, isRowMajor, shape, values] = JSON.parse(await plainPython(script, `${folder.path}/map.npy`));
    assertEquals([type, isRowMajor, shape], ["<f4", true, [SIZE, SIZE, 3]]);
    const { map } = face.fit;
    assertEquals(values, [map[3 * (3 * SIZE + 200) + 1], map[3 * (200 * SIZE + 100) + 2]]);
  },
});

Deno.test("map.png has the position map in 16 bits, in the centered encoding, where the face is", async () => {
  const { data, info } = await sharp(files.get("map.png")!).toColorspace("rgb16").raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  assertEquals([info.width, info.height, info.channels], [SIZE, SIZE, 3]);
  const levels = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const decode = (encoded: Float32Array) => decodePositions(encoded, { size: SIZE, encoding: "centered" });
  const decoded = decode(Float32Array.from(levels, (level) => level / 65_535));
  const lowest = decode(new Float32Array(levels.length)); // what is farther, by rounding, does not fit
  const isOfFace = (_: number, i: number) => source.layout.valid[Math.floor(i / 3)] === 1;
  assertAllClose(
    decoded.filter(isOfFace),
    face.fit.map.map((value, i) => Math.max(value, lowest[i]!)).filter(isOfFace),
    0.01,
  );
});

Deno.test("depth.png is bright where the face is near, and black beside it", async () => {
  const depth = await decodePhoto(files.get("depth.png")!);
  assertEquals([depth.width, depth.height], [SIZE, SIZE]);
  const at = (landmark: number) => {
    const [x, y] = [0, 1].map((axis) => Math.floor(face.fit.landmarks[3 * landmark + axis]! - [60, 20][axis]!));
    return depth.rgb[3 * (SIZE * y! + x!)]!;
  };
  const [noseTip, browEnd] = [at(30), at(24)];
  assert(noseTip > 200 && noseTip > browEnd && browEnd > 40, `${noseTip}, ${browEnd}`);
  assertEquals(depth.rgb[0], 0);
});

Deno.test("panels.png shows five panels side by side, the first as the photo is", async () => {
  const panels = await decodePhoto(files.get("panels.png")!);
  assertEquals([panels.width, panels.height], [5 * 400 + 4 * 4, 400]);
  const [x, y] = [200, 200].map((place) => place * SIZE / 400);
  for (const channel of [0, 1, 2]) {
    const photo = colorAt(face.photo, { x: x! + crop.left, y: y! + crop.top, channel });
    assertClose(colorAt(panels, { x: 200, y: 200, channel }), photo, 12);
  }
});
