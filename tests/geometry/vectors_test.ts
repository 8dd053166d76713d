import fc from "@/tests/fast_check.ts";
import {
  boundsOf,
  cross,
  distanceBetween,
  dot,
  meanOf,
  meanPoint,
  minus,
  pointAt,
  times,
  unit,
} from "@/lib/geometry/vectors.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import { assert, assertAllClose, assertClose, assertEquals, FLOAT64_TOLERANCE } from "@/tests/support.ts";

const arbitrary = fc.tuple(uniform(-3, 3), uniform(-3, 3), uniform(-3, 3));

Deno.test("cross() stands on both vectors, and is as long as their parallelogram is large", () => {
  fc.assert(fc.property(arbitrary, arbitrary, (a, b) => {
    const normal = cross(a, b);
    for (const edge of [a, b]) assertClose(dot(normal, edge), 0, 1e2 * FLOAT64_TOLERANCE);
    assertClose(dot(normal, normal), dot(a, a) * dot(b, b) - dot(a, b) ** 2, 1e3 * FLOAT64_TOLERANCE);
  }));
  assertEquals(cross([1, 0, 0], [0, 1, 0]), [0, 0, 1]);
});

Deno.test("unit() has a length of 1 and the same direction, and leaves no length as it is", () => {
  fc.assert(fc.property(arbitrary, (a) => {
    fc.pre(Math.hypot(...a) > 1e-3);
    assertAllClose(times(unit(a), Math.hypot(...a)), a, FLOAT64_TOLERANCE);
  }));
  assertEquals(unit([0, 0, 0]), [0, 0, 0]);
});

Deno.test("meanPoint() is as far from two points, and meanOf() and boundsOf() take all points or those that are named", () => {
  fc.assert(fc.property(fc.array(arbitrary, { minLength: 2, maxLength: 9 }), (points) => {
    const [a, b] = points as [typeof points[0], typeof points[0]];
    const middle = meanPoint([a, b]);
    assertClose(distanceBetween(middle, a), distanceBetween(middle, b), FLOAT64_TOLERANCE);
    assertEquals(meanOf(points.flat()), meanPoint(points));
    assertEquals(meanOf(points.flat(), [1, 0]), middle);
    const { low, high } = boundsOf(points.flat());
    for (const point of points) assert([...minus(point, low), ...minus(high, point)].every((value) => value >= 0));
    const last = points.length - 1;
    assertEquals(boundsOf(points.flat(), [last]), { low: points[last]!, high: pointAt(points.flat(), last) });
  }));
  assertEquals(boundsOf([]), { low: [Infinity, Infinity, Infinity], high: [-Infinity, -Infinity, -Infinity] });
});
