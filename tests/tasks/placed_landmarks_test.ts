import { closestPoints } from "@/lib/face/find_landmarks.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { eyeCornerDistance, landmarksOf, mirroredLandmarks } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { minus, plus, pointAt } from "@/lib/geometry/vectors.ts";
import { PlacedLandmarks } from "@/tasks/pick/placed_landmarks.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const { mean, surface, surfaceVertices } = builtInFace();
const ground = { positions: mean, triangles: surface.triangles.map((v) => surfaceVertices[v]!) };
const fixed = meshLandmarks({ surface, surfaceVertices }, (all) => landmarksOf(all, "300w-lp"));
const outline = meshLandmarks({ surface, surfaceVertices }, (all) => landmarksOf(all, "outline"));
const point = { corners: [5, 6, 7], weights: [0.5, 0.25, 0.25] } as const;

Deno.test("PlacedLandmarks takes a landmark along in all conventions by as much, but the jaw's in one alone, and undoes it", () => {
  const placed = new PlacedLandmarks({ "300w-lp": fixed, outline }, ground);
  const size = eyeCornerDistance(placed.positions("outline"));
  for (const [landmark, isTakenAlong] of [[30, true], [3, false]] as const) {
    const before = placed.landmarks;
    const [mine, other] = [placed.positions("outline"), placed.positions("300w-lp")].map((at) => pointAt(at, landmark));
    const beside = closestPoints(Float32Array.from(plus(mine!, [0, 0.1 * size, 0])), ground);
    placed.begin();
    placed.place(landmark, point, "outline");
    placed.place(landmark, { corners: pointAt(beside.vertices, 0), weights: pointAt(beside.weights, 0) }, "outline");
    placed.end(landmark, "outline");
    const moved = minus(pointAt(placed.positions("outline"), landmark), mine!);
    const along = minus(pointAt(placed.positions("300w-lp"), landmark), other!);
    assert(Math.hypot(...moved) > 0.05 * size);
    const wanted = isTakenAlong ? moved : [0, 0, 0];
    assert(Math.hypot(...along.map((value, k) => value - wanted[k]!)) < 0.04 * size, `${along}, wanted ${wanted}`); // surfaces curve
    placed.undo();
    assertEquals([placed.landmarks, placed.canUndo], [before, false]);
  }
  placed.undo(); // what was never done
  assertEquals([...placed.landmarks.outline!.vertices], [...outline.vertices]);
});

Deno.test("PlacedLandmarks.mirror() puts one side where the other is, of a symmetric head, and leaves the middle and that side", () => {
  for (const from of ["right", "left"] as const) {
    const placed = new PlacedLandmarks({ outline }, ground);
    const at = placed.positions("outline");
    const sources = [...mirroredLandmarks.keys()].filter((l) =>
      (at[3 * l]! < -0.1) === (from === "right") && Math.abs(at[3 * l]!) > 0.1
    );
    assertEquals(sources.length, 29);
    placed.begin();
    for (const l of sources) placed.place(mirroredLandmarks[l]!, point, "outline"); // all in one place
    placed.mirror(from);
    const after = placed.positions("outline");
    for (const l of mirroredLandmarks.keys()) {
      const [x, y, z] = pointAt(after, l), [mx, my, mz] = pointAt(after, mirroredLandmarks[l]!);
      const off = Math.hypot(x + mx, y - my, z - mz);
      assert(off < 0.02 * eyeCornerDistance(at), `landmark ${l} is ${off} off its partner's mirror image`);
      if (!sources.includes(mirroredLandmarks[l]!)) assertEquals([x, y, z], pointAt(at, l));
    }
    placed.undo();
    assertEquals(
      placed.positions("outline")[3 * mirroredLandmarks[sources[0]!]!],
      placed.positions("outline")[3 * mirroredLandmarks[sources[1]!]!],
    );
  }
});
