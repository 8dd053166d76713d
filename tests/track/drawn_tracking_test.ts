/** The weights that come along, on drawn videos whose truth is known: what users of `deno task track` get. */
import { nme } from "@/lib/evaluate/nme.ts";
import type { ModelFit } from "@/lib/track/face_fitter.ts";
import { FaceTracker, type TrackedFit } from "@/lib/track/face_tracker.ts";
import { type Jitter, JitterMeter } from "@/lib/track/jitter.ts";
import type { Photo } from "@/lib/types.ts";
import { openFaces } from "@/tasks/predict/open_faces.ts";
import { attackRandom, attacks, attackSeed } from "@/tests/attacks/soak.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { type DrawnFrame, talkingTurn } from "@/lib/data/synthetic/drawn_actor.ts";
import { type Act, DrawnActor, overlay } from "@/tests/track/drawn_video.ts";

const FRAMES_PER_SECOND = 30;
const SIZE = 280;
/** Faces that cross stand farther away. */
const CROSSING_SIZE = 360;
const { description, fitter, detector } = await openFaces(`${import.meta.dirname}/../../data/weights/lite`);
const { margin } = description.crop;
/** In percent; of one that is mostly outside of the picture, or behind a hand, no more can be told. */
const HALF_A_FACE = 50;

/** A frame's picture, and where the faces are that can be seen, by name. */
interface Scene {
  readonly picture: Photo;
  readonly people: Readonly<Record<string, Float32Array>>;
}

interface Seen {
  /** The face at the place of each person of the scene; none where there is none. */
  readonly faces: Readonly<Record<string, TrackedFit<ModelFit> | undefined>>;
  /** Faces where nobody is. */
  readonly ghosts: number;
}

/** A face is at a person's place where its error is below `reach` percent. */
async function follow(scenes: Iterable<Scene>, { reach = 25 }: { readonly reach?: number } = {}): Promise<Seen[]> {
  const tracker = new FaceTracker<ModelFit>({
    fit: (picture, crop) => fitter.fit(picture, crop),
    detect: (picture) => detector.detect(picture),
    fitDetected: (picture, detection) => fitter.fitDetected(picture, detection, { margin }),
  }, { margin });
  const seen: Seen[] = [];
  for (const { picture, people } of scenes) {
    const found = (await tracker.next(picture, seen.length / FRAMES_PER_SECOND)).map((face) => ({
      ...face,
      landmarks: face.landmarks.slice(),
    }));
    const errorOf = ({ landmarks }: TrackedFit<ModelFit>, truth: Float32Array) =>
      nme({ predicted: landmarks, truth }, 2);
    const isOfSomebody = (face: TrackedFit<ModelFit>) =>
      Object.values(people).some((truth) => errorOf(face, truth) < HALF_A_FACE);
    seen.push({
      faces: Object.fromEntries(
        Object.entries(people).map(([name, truth]) => {
          const near = found.filter((face) => errorOf(face, truth) < reach);
          return [name, near.toSorted((a, b) => errorOf(a, truth) - errorOf(b, truth))[0]];
        }),
      ),
      ghosts: found.filter((face) => !isOfSomebody(face)).length,
    });
  }
  return seen;
}

function sceneOf({ picture, landmarks }: DrawnFrame): Scene {
  return { picture, people: { anna: landmarks } };
}

/** Scenes of one person, one for each frame. */
function solo(frameCount: number, act: (seconds: number) => Act, { seed = "anna", headShare = 0.16 } = {}): Scene[] {
  const actor = new DrawnActor({ seed, size: SIZE, headShare });
  return Array.from({ length: frameCount }, (_, i) => sceneOf(actor.draw(act(i / FRAMES_PER_SECOND))));
}

/** The face's number in each frame, 0 where it has none. */
function numbers(seen: readonly Seen[], name = "anna"): number[] {
  return seen.map(({ faces }) => faces[name]?.id ?? 0);
}

function ghosts(seen: readonly Seen[]): number {
  return seen.reduce((sum, { ghosts }) => sum + ghosts, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function jitterOf(points: readonly Float32Array[]): Jitter {
  const meter = new JitterMeter({ framesPerSecond: FRAMES_PER_SECOND });
  points.forEach((landmarks, frame) => meter.add({ id: 1, segment: 1, isFound: true }, frame, landmarks));
  return meter.jitter;
}

/** Frames by which `late` comes after `points`, to first order: what it lacks, in the way that the points go in one frame. */
function lagOf(late: readonly Float32Array[], points: readonly Float32Array[]): number {
  let along = 0, squared = 0;
  for (let t = 1; t + 1 < points.length; t++) {
    for (let i = 0; i < late[t]!.length; i++) {
      const step = (points[t + 1]![i]! - points[t - 1]![i]!) / 2;
      along += (points[t]![i]! - late[t]![i]!) * step;
      squared += step * step;
    }
  }
  return along / squared;
}

Deno.test("a head that turns to ±80°, speaks and blinks is never lost, near its true landmarks, at most a frame late", async () => {
  const scenes = solo(180, (seconds) => talkingTurn(seconds));
  const seen = await follow(scenes);
  assertEquals(new Set(numbers(seen)), new Set([1]));
  assertEquals(ghosts(seen), 0);
  const truths = scenes.map(({ people }) => people["anna"]!);
  const faces = seen.map(({ faces }) => faces["anna"]!);
  const error = mean(faces.map(({ landmarks }, i) => nme({ predicted: landmarks, truth: truths[i]! }, 2)));
  assert(error < 4.5, `${error} %`);
  const lag = lagOf(faces.map(({ landmarks }) => landmarks), faces.map(({ fit }) => fit.landmarks));
  assert(lag < 1, `${lag} frames`);
});

Deno.test("a face at rest trembles at most a third as much when it is smoothed", async () => {
  const faces = (await follow(solo(60, () => ({ yaw: 10, pitch: 3 })))).map(({ faces }) => faces["anna"]!);
  const [before, after] = [faces.map(({ fit }) => fit.landmarks), faces.map(({ landmarks }) => landmarks)].map(
    jitterOf,
  );
  assert(after!.atRest! < before!.atRest! / 3, `${before!.atRest} and ${after!.atRest} %`);
});

Deno.test("a face keeps its number behind a hand that passes, and is lost no longer than the hand hides it", async () => {
  const seen = await follow(solo(90, (seconds) => ({ yaw: 20 * seconds - 30, hand: [0.5 - 0.35 * seconds, 0.02] })));
  const ids = numbers(seen).join("");
  assert(/^1+0{0,10}1+$/.test(ids), ids);
});

Deno.test("people who turn to ±80°, speak and blink while hands pass by are lost at most once a minute, and stay who they are", async () => {
  const random = attackRandom("turning people"), personCount = attacks(1, 60), seconds = 8;
  let losses = 0;
  for (let person = 0; person < personCount; person++) {
    const [phase, height, side] = [random.uniform(0, 6), random.uniform(-0.1, 0.25), random.pick([-1, 1])];
    const passing = (time: number) => side * (0.85 - 0.35 * (time % 4));
    const act = (time: number): Act => ({ ...talkingTurn(time + phase), hand: [passing(time), height] });
    const [seed, headShare] = [`${attackSeed} ${person}`, random.uniform(0.1, 0.18)];
    const seen = await follow(solo(seconds * FRAMES_PER_SECOND, act, { seed, headShare }), { reach: HALF_A_FACE });
    const ids = numbers(seen);
    losses += ids.filter((id, i) => id === 0 && ids[i - 1]! > 0).length;
    assert(ids.every((id) => id <= 1), `person ${person} is ${ids.join("")}`);
    assertEquals(ghosts(seen), 0);
  }
  const minutes = personCount * seconds / 60;
  assert(losses <= Math.ceil(minutes), `${losses} times in ${minutes} minutes`);
});

Deno.test("faces that cross never take each other's numbers", async () => {
  const random = attackRandom("crossing people");
  for (let pair = 0; pair < attacks(1, 30); pair++) {
    const [anna, ben] = ["anna", "ben"].map((name) =>
      new DrawnActor({
        seed: `${attackSeed} ${pair} ${name}`,
        size: CROSSING_SIZE,
        headShare: random.uniform(0.11, 0.14),
      })
    );
    const [y, yaw] = [random.uniform(-0.03, 0.05), random.uniform(5, 30)];
    const scenes = Array.from({ length: 120 }, (_, i) => {
      const x = 0.28 - 0.56 * i / 119;
      const near = anna!.draw({ x, y, yaw }), far = ben!.draw({ x: -x, yaw: -yaw });
      const isHidden = Math.abs(x) < 0.1;
      return {
        picture: overlay(near, far.picture),
        people: { anna: near.landmarks, ...isHidden ? {} : { ben: far.landmarks } },
      };
    });
    const seen = await follow(scenes), [near, far] = [numbers(seen), numbers(seen, "ben")];
    assertEquals(new Set([near[0], far[0]]), new Set([1, 2]));
    assert(near.every((id) => id === near[0]), `pair ${pair}, the nearer: ${near.join("")}`);
    assert(far.every((id) => id !== near[0]), `pair ${pair}, the farther: ${far.join("")}`);
    assert(far.slice(-30).every((id) => id > 0), `pair ${pair}, the farther: ${far.join("")}`);
  }
});

Deno.test("a face that leaves the picture is lost, and has its number when it comes back", async () => {
  const there = (seconds: number) => Math.min(0.9, 0.8 * seconds) - Math.max(0, 0.8 * (seconds - 2.4));
  const seen = await follow(solo(120, (seconds) => ({ x: there(seconds) })));
  const ids = numbers(seen).join("");
  assert(/^1{15,}0{30,}1{25,}$/.test(ids), ids);
  assertEquals(ghosts(seen), 0);
});

Deno.test("after a cut the face of before is gone, and the other one is found at once, by a number of its own", async () => {
  const [anna, emil] = ["anna", "emil"].map((seed) => new DrawnActor({ seed, size: SIZE }));
  const scenes = Array.from({ length: 30 }, (_, i) => {
    const { picture, landmarks } = i < 15 ? anna!.draw({}) : emil!.draw({ x: 0.1 });
    return { picture, people: { [i < 15 ? "anna" : "emil"]: landmarks } };
  });
  const seen = await follow(scenes);
  assertEquals([numbers(seen), numbers(seen, "emil")], [
    Array.from({ length: 30 }, (_, i) => i < 15 ? 1 : 0),
    Array.from({ length: 30 }, (_, i) => i < 15 ? 0 : 2),
  ]);
  assertEquals(ghosts(seen), 0);
});
