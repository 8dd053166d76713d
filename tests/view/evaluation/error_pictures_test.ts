import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { nearestCorner } from "@/lib/data/maps/uv_layout.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { evaluateEach } from "@/lib/evaluate/evaluate.ts";
import { faceSize, landmarkErrors, type LandmarkPair, nme } from "@/lib/evaluate/nme.ts";
import { landmarkErrorsByPart, mapErrorsByRegion, vertexErrors } from "@/lib/evaluate/region_errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { regionNames } from "@/lib/face/morphable_model.ts";
import type { PositionMap } from "@/lib/types.ts";
import { cumulativeFigure } from "@/lib/view/evaluation/cumulative_figure.ts";
import { errorMap } from "@/lib/view/evaluation/error_map.ts";
import { galleryFigure, groupByYaw } from "@/lib/view/evaluation/gallery.ts";
import { worstFaces } from "@/lib/view/evaluation/model_card.ts";
import { viridis } from "@/lib/view/figures/viridis.ts";
import { regionFigure } from "@/lib/view/evaluation/region_figure.ts";
import { labelRow, rotationRow, sampleSheet } from "@/lib/view/training/sample_sheet.ts";
import { maskTriple } from "@/lib/view/training/triples.ts";
import { faceMesh } from "@/lib/view/training/face_triples.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const model = builtInFace();
const { surface } = model;
const source = drawnSource(model, { seed: 7, imageSize: 64, augment: false });
const samples = [0, 1, 2, 3].map((index) => source.sample(index, "validation"));
const faces = samples.map((sample, i) => ({ ...sample, yaw: [0, 0.2, 0.3, 1.4][i]!, prediction: sample.map }));

/** The map with its points moved by these pixels to the right and towards the viewer. */
function moved({ size, positions }: PositionMap, right: number, nearer: number): PositionMap {
  return { size, positions: positions.map((value, i) => value + [right, 0, nearer][i % 3]!) };
}

Deno.test("evaluateEach() lists what the summary is the mean of, and so do its landmarks", () => {
  const found = samples.map(({ landmarks }, i) => landmarks.map((value, k) => value + (k % 7) * i));
  const errors = evaluateEach(faces, { found });
  const pairs = faces.map(({ landmarks: truth, yaw }, i): LandmarkPair => ({ predicted: found[i]!, truth, yaw }));
  const { nme68_2d, nme68_3d } = landmarkErrors(pairs);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assertClose(mean(errors.map((error) => error.nme68_2d)), nme68_2d.mean, 1e-9);
  assertClose(mean(errors.map((error) => error.nme68_3d)), nme68_3d.mean, 1e-9);
  for (const { landmarks, nme68_2d } of errors) assertClose(mean([...landmarks]), nme68_2d, 1e-4);
  const parts = landmarkErrorsByPart(errors);
  const counts = { brows: 10, eyes: 12, nose: 9, mouth: 20, jaw: 17 };
  const weighted = parts.reduce((sum, { name, error }) => sum + error * counts[name as keyof typeof counts], 0);
  assertClose(weighted / 68, nme68_2d.mean, 1e-4);
});

Deno.test("vertexErrors() are 0 for the truth, do not see how far away a face is, and grow with its shift", () => {
  const { map: truth, landmarks } = samples[0]!;
  const at = (prediction: PositionMap) => vertexErrors({ truth, prediction, landmarks }, surface);
  assertClose(Math.max(...at(truth)), 0, 1e-6);
  assertClose(Math.max(...at(moved(truth, 0, 5))), 0, 1e-2);
  const [one, two] = [at(moved(truth, 1, 0)), at(moved(truth, 2, 0))];
  assertClose(two[100]! / one[100]!, 2, 1e-3);
  const regions = mapErrorsByRegion([{ truth, prediction: moved(truth, 1, 0), landmarks }], surface);
  assertEquals(regions.map(({ name }) => name), ["face", "eyes", "nose", "mouth"]);
  for (const { error } of regions) assertClose(error, one[100]!, 1e-2);
  regionNames.slice(0, 4).forEach((name, region) => {
    const bent = { ...truth, positions: truth.positions.slice() };
    source.layout.triangle.forEach((triangle, texel) => {
      if (triangle < 0 || surface.regions[nearestCorner(source.layout, texel)] !== region) return;
      bent.positions[3 * texel]! += 1;
    });
    const errors = mapErrorsByRegion([{ truth, prediction: bent, landmarks }], surface);
    const worst = errors.toSorted((a, b) => b.error - a.error)[0]!;
    assertEquals(worst.name, name);
  });
});

Deno.test("vertexErrors() do not move the face by the depth of its neck", () => {
  const corners = [0.25, 0.25, 0.75, 0.25, 0.25, 0.75, 0.75, 0.75];
  const face = { uv: Float32Array.from(corners), regions: Uint8Array.of(0, 1, 2, regionNames.indexOf("neck")) };
  const truth = { size: 2, positions: new Float32Array(12) };
  const prediction = { size: 2, positions: truth.positions.with(11, 8) };
  const errors = vertexErrors({ truth, prediction, landmarks: samples[0]!.landmarks }, face);
  assertEquals([...errors.subarray(0, 3)], [0, 0, 0]);
  assert(errors[3]! > 0);
});

Deno.test("errorMap() paints the face in the color of its error, and nothing beside it", () => {
  const { image, map: truth, landmarks } = samples[0]!;
  const right = errorMap({ image, truth, prediction: truth, landmarks }, { surface, most: 10 });
  const wrong = errorMap({ image, truth, prediction: moved(truth, 40, 0), landmarks }, { surface, most: 10 });
  const [tip] = [30].map((l) => [landmarks[3 * l]!, landmarks[3 * l + 1]!].map(Math.floor) as [number, number]);
  const at = (rgb: Uint8Array) => [...rgb.subarray(3 * (tip![1] * 64 + tip![0]), 3 * (tip![1] * 64 + tip![0]) + 3)];
  at(right.rgb).forEach((value, c) => assertClose(value, viridis(0)[c]!, 40));
  at(wrong.rgb).forEach((value, c) => assertClose(value, viridis(1)[c]!, 40));
  assertEquals([...right.rgb.subarray(0, 3)], [...wrong.rgb.subarray(0, 3)]);
});

Deno.test("viridis() grows lighter, and stays at its ends", () => {
  const light = (share: number) => viridis(share).reduce((sum, value) => sum + value);
  for (let share = 0.1; share <= 1; share += 0.1) assert(light(share) > light(share - 0.1));
  assertEquals([viridis(-1), viridis(2)], [viridis(0), viridis(1)]);
});

Deno.test("cumulativeFigure() has a rising curve for each bin that holds a face, and one for all", () => {
  const found = samples.map(({ landmarks }, i) => landmarks.map((value) => value + 0.3 * i));
  const { data } = cumulativeFigure(evaluateEach(faces, { found }));
  assertEquals(data.map(({ name }) => name), ["yaw 0–30° (3)", "yaw 60–90° (1)", "all (4)"]);
  for (const { x, y } of data as unknown as { x: number[]; y: number[] }[]) {
    assertEquals([x[0], x.at(-1)], [0, 10]);
    y.forEach((share, i) => assert(i === 0 || share >= y[i - 1]!));
  }
  const error = (i: number) => 100 * Math.hypot(0.3 * i, 0.3 * i) / faceSize(samples[i]!.landmarks);
  const { x, y } = data.at(-1) as unknown as { x: number[]; y: number[] };
  const shareAt = (limit: number) => 25 * samples.filter((_, i) => error(i) <= limit).length;
  x.forEach((limit, i) => assertClose(y[i]!, shareAt(limit), 1e-9));
  assertEquals([y[0], y.at(-1)], [25, 100]);
});

Deno.test("regionFigure() draws a bar for each region, the longest for the largest error", () => {
  const errors = [{ name: "eyes", error: 2 }, { name: "mouth", error: 4 }];
  const { svg } = regionFigure([{ title: "a", errors }]);
  const widths = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
  assertEquals([widths.length, widths[1]! / widths[0]!], [2, 2]);
});

Deno.test("galleryFigure() shows each face of a small group once, with its error", async () => {
  const { svg } = await galleryFigure(groupByYaw(faces), { surface });
  assertEquals(svg.match(/<image/g)?.length, 2 * (3 + 1));
  assertEquals(svg.match(/NME [\d.]+ %, yaw \d+°/g)?.length, 4);
});

Deno.test("galleryFigure() shows the best face, then the one in the middle, and the worst", async () => {
  const pixels = [8, 1, 3];
  const judged = faces.slice(0, 3).map((face, i) => ({ ...face, prediction: moved(face.map, pixels[i]!, 0) }));
  const { svg } = await galleryFigure([{ label: "all", faces: judged }], { surface });
  const shown = [...svg.matchAll(/NME ([\d.]+) %/g)].map(([, error]) => Number(error));
  assertEquals(shown, judged.map((face) => Number(errorOf(face).toFixed(2))).sort((a, b) => a - b));
});

Deno.test("galleryFigure()'s scale of errors ends above most of what the typical faces have", async () => {
  const endOf = async (dx: number) => {
    const judged = faces.map((face) => ({ ...face, prediction: moved(face.map, dx, 0) }));
    const { svg } = await galleryFigure([{ label: "all", faces: judged }], { surface });
    return Number(/≥ (\d+) %/.exec(svg)?.[1]);
  };
  const sizes = faces.map(({ landmarks }) => faceSize(landmarks));
  for (const dx of [1, 3, 8]) {
    const [least, most] = [100 * dx / Math.max(...sizes), 100 * dx / Math.min(...sizes)];
    const end = await endOf(dx);
    assert(end >= least && end / 2.5 < most, `${end} % for ${least} to ${most} %`);
  }
});

Deno.test("sampleSheet() and rotationRow() hold a picture for each sample and each turn", async () => {
  const { photo } = sampleSheet(samples, { columns: 3 });
  assertEquals([photo.width, photo.height], [3 * 128 + 8, 2 * 128 + 4]);
  const { svg } = await rotationRow(samples[0]!, { surface, degrees: [-30, 30] });
  assertEquals([...svg.matchAll(/>([^<]*)<\/text>/g)].map(([, label]) => label), ["−30°", "the sample", "+30°"]);
});

Deno.test("labelRow() shows a small sample as large as a large one, its mesh and landmarks where they are", () => {
  const [small, large] = [64, 256].map((imageSize) =>
    labelRow(drawnSource(model, { seed: 7, imageSize, augment: false }).sample(16, "test"), { surface }).photo
  );
  assertEquals([small!.width, small!.height], [large!.width, large!.height]);
  const differing = (panel: number) => {
    let sum = 0;
    for (let row = 0; row < 256; row++) {
      for (let i = 3 * (row * 1036 + 260 * panel), end = i + 768; i < end; i++) {
        sum += Math.abs(small!.rgb[i]! - large!.rgb[i]!);
      }
    }
    return sum / (3 * 256 * 256);
  };
  for (const panel of [0, 1, 2, 3]) {
    assert(differing(panel) < 12, `panel ${panel} differs by ${differing(panel)} in the mean`);
  }
});

Deno.test("maskTriple() covers the face's middle, eyes and mouth too, and leaves the corners", () => {
  const { image: input, landmarks, map } = samples[0]!;
  const mesh = faceMesh(map, surface);
  const triple = maskTriple({ input, landmarks, truth: mesh, prediction: mesh });
  const factor = 256 / input.width;
  const changed = (column: number, row: number) => {
    const [plain, masked] = [column, column + 260].map((x) => 3 * (row * triple.width + x));
    return [0, 1, 2].some((c) => Math.abs(triple.rgb[plain! + c]! - triple.rgb[masked! + c]!) > 20);
  };
  const center = (first: number, last: number) =>
    [0, 1].map((axis) => {
      const points = Array.from({ length: last - first + 1 }, (_, i) => landmarks[3 * (first + i) + axis]!);
      return Math.floor(factor * points.reduce((sum, value) => sum + value, 0) / points.length);
    }) as [number, number];
  for (const [first, last] of [[36, 41], [42, 47], [60, 67]] as const) assert(changed(...center(first, last)));
  assert(!changed(1, 1) && !changed(254, 1));
});

Deno.test("worstFaces() shows the faces of the largest errors, the worst first, and leaves out what does not fit", () => {
  const drawn = Array.from({ length: 12 }, (_, i) => {
    const { map, ...sample } = samples[i % 4]!;
    return { ...sample, map, yaw: 0, prediction: moved(map, 12 - i, 0) };
  }).sort((a, b) => errorOf(b) - errorOf(a));
  const perfect = { ...samples[0]!, yaw: 0, prediction: samples[0]!.map };
  const picture = worstFaces({ drawn, surface });
  assertEquals(worstFaces({ drawn: [perfect, ...drawn.toReversed()], surface }), picture);
  assertEquals(worstFaces({ drawn: drawn.slice(0, 6), surface }).rgb, picture.rgb.subarray(0, 3 * 192 * picture.width));
});

function errorOf({ landmarks: truth, prediction }: { landmarks: Float32Array; prediction: PositionMap }): number {
  return nme({ predicted: readLandmarks(prediction, surface), truth }, 2);
}
