import { distanceToLine, distanceToPolygon } from "@/lib/geometry/polyline.ts";
import { assertEquals } from "@/tests/support.ts";

const square = [[0, 0], [1, 0], [1, 1], [0, 1]] as const;

Deno.test("distanceToPolygon() is negative inside, and the distance to its outline everywhere", () => {
  assertEquals([[0.5, 0.5], [0.5, 0.25], [2, 0.5], [4, 5]].map(([x, y]) => distanceToPolygon([x!, y!], square)), [
    -0.5,
    -0.25,
    1,
    5,
  ]);
});

Deno.test("points that lie on each other change nothing of a line or a polygon", () => {
  const twice = square.flatMap((corner) => [corner, corner]);
  for (const point of [[0.5, 0.25], [2, 0.5], [0, 0]] as const) {
    assertEquals(distanceToPolygon(point, twice), distanceToPolygon(point, square));
    assertEquals(distanceToLine(point, [square[0], ...square]), distanceToLine(point, square));
  }
});
