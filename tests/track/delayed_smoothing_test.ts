import { DelayedSmoothing } from "@/lib/track/delayed_smoothing.ts";
import { type FaceFit, FaceTracker } from "@/lib/track/face_tracker.ts";
import { JitterMeter } from "@/lib/track/jitter.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

const FRAMES_PER_SECOND = 30;

/** A face in a square of 100 pixels whose left side is at x. */
function fitAt(x: number): FaceFit {
  const landmarks = Float32Array.from({ length: 3 * 68 }, (_, i) => {
    const landmark = Math.floor(i / 3);
    return i % 3 === 0 ? x + 12.5 * (landmark % 8) : i % 3 === 1 ? 100 + 100 * landmark / 68 : 0;
  });
  const expressions = Float32Array.of(x > 300 ? 1 : 0);
  return { landmarks, vertices: landmarks, score: 1, expressions, signature: new Float32Array(2) };
}

interface Moment {
  readonly x: number;
  /** All of the picture's bytes: where it jumps is a cut. */
  readonly gray?: number;
  /** Whether nobody is seen there. */
  readonly isHidden?: boolean;
}

/** One person, tracked without smoothing. */
function trackerOf(now: () => Moment): FaceTracker<FaceFit> {
  return new FaceTracker<FaceFit>({
    fit: (_, { left, side }) => {
      const isNear = !now().isHidden && Math.abs(left + side / 2 - now().x - 45) < side / 2;
      return Promise.resolve({ ...fitAt(now().x), score: isNear ? 1 : 0 });
    },
    detect: () => {
      if (now().isHidden) return Promise.resolve([]);
      const box = { left: now().x, top: 100, width: 100, height: 100 };
      return Promise.resolve([{ box, keypoints: new Float32Array(12), score: 1 }]);
    },
    fitDetected: () => Promise.resolve(fitAt(now().x)),
  }, { margin: 1.5, isSmoothed: false });
}

/** What comes of the moments: by frame, each face's smoothed x and expression; and how much it trembles before and after. */
async function smoothed(moments: readonly Moment[]) {
  let now = moments[0]!;
  const tracker = trackerOf(() => now), delayed = new DelayedSmoothing<FaceFit, number>();
  const raw = new JitterMeter({ framesPerSecond: FRAMES_PER_SECOND });
  const frames = [];
  for (const [i, moment] of moments.entries()) {
    now = moment;
    const picture = { width: 640, height: 480, rgb: new Uint8Array(3 * 640 * 480).fill(moment.gray ?? 20) };
    const faces = await tracker.next(picture, i / FRAMES_PER_SECOND);
    for (const face of faces) raw.add(face, i, face.fit.landmarks);
    frames.push(delayed.add({ extra: i, faces }) ?? []);
  }
  const all = [...frames.flat(), ...delayed.rest()];
  assertEquals(all.map(({ extra }) => extra), moments.map((_, i) => i));
  assertEquals(all.map(({ faces }) => faces.map(({ id }) => id)), moments.map(() => [1]));
  const faces = all.map(({ faces }) => faces[0]!);
  return {
    xs: faces.map(({ landmarks }) => landmarks[0]!),
    expressions: faces.map(({ expressions }) => expressions[0]!),
    jitter: raw.jitter,
  };
}

const ROUNDING = 1e-3; // of the polynomial's weights, times hundreds of pixels

Deno.test("DelayedSmoothing and JitterMeter take no frame in which a face is hidden for one in which it rests", async () => {
  const moving = Array.from({ length: 10 }, (_, i) => ({ x: 100 + 2 * i })), hidden = { x: 118, isHidden: true };
  const { xs, jitter } = await smoothed([...moving, ...Array(5).fill(hidden), ...Array(6).fill({ x: 118 })]);
  assertAllClose(xs.slice(0, 10), moving.map(({ x }) => x), ROUNDING);
  assertAllClose(xs.slice(10), Array(11).fill(118), ROUNDING);
  assertClose(jitter.inMotion!, 0, 1e-3);
});

Deno.test("DelayedSmoothing calms what trembles, without delay", async () => {
  const places = Array.from({ length: 30 }, (_, i) => 100 + 2 * i);
  const { xs } = await smoothed(places.map((x, i) => ({ x: x + (i % 2 === 0 ? 1 : -1) })));
  const errors = xs.slice(5, -5).map((x, i) => Math.abs(x - places[i + 5]!));
  assert(Math.max(...errors) < 0.3, `${errors}`);
});

Deno.test("DelayedSmoothing and JitterMeter leave frames before a cut out of those after it, where the number stays", async () => {
  const before = Array(12).fill({ x: 50, gray: 20 }), after = Array(12).fill({ x: 450, gray: 200 });
  const { xs, expressions, jitter } = await smoothed([...before, ...after]);
  assertAllClose(xs, [...before, ...after].map(({ x }) => x), ROUNDING);
  assertAllClose(expressions, [...before.map(() => 0), ...after.map(() => 1)], ROUNDING);
  assertClose(jitter.atRest!, 0, 0);
  assertEquals(jitter.inMotion, undefined);
});

Deno.test("DelayedSmoothing and JitterMeter begin anew where a face is found elsewhere in the next frame", async () => {
  const places = [...Array(8).fill(50), ...Array(8).fill(450)];
  const { xs, jitter } = await smoothed(places.map((x) => ({ x })));
  assertAllClose(xs, places, ROUNDING);
  assertEquals(jitter, { atRest: 0, inMotion: undefined });
});
