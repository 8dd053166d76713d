/** The weights that come along, on drawn videos whose truth is known: what users of `deno task track` get. */
import { nme } from "@/lib/evaluate/nme.ts";
import { detectionCrop } from "@/lib/track/detection_crop.ts";
import type { ModelFit } from "@/lib/track/face_fitter.ts";
import { FaceTracker, type TrackedFit, type TrackerOptions } from "@/lib/track/face_tracker.ts";
import { type Jitter, JitterMeter } from "@/lib/track/jitter.ts";
import type { Photo } from "@/lib/types.ts";
import { openFaces } from "@/tasks/predict/open_faces.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { type Act, DrawnActor, type DrawnFrame, overlay, talkingTurn } from "@/tests/track/drawn_video.ts";

const FRAMES_PER_SECOND = 30;
const SIZE = 360;
const { description, fitter, detector } = await openFaces(`${import.meta.dirname}/../../data/weights/lite`);
const { margin } = description.crop;

function newTracker(options: Partial<TrackerOptions> = {}): FaceTracker<ModelFit> {
  return new FaceTracker<ModelFit>({
    fit: (picture, crop) => fitter.fit(picture, crop),
    detect: (picture) => detector.detect(picture),
    detectionCrop: (detection) => detectionCrop(detection, { margin }),
  }, { margin, ...options });
}

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

async function follow(scenes: Iterable<Scene>, options?: Partial<TrackerOptions>): Promise<Seen[]> {
  const tracker = newTracker(options);
  const seen: Seen[] = [];
  for (const { picture, people } of scenes) {
    const found = (await tracker.next(picture, seen.length / FRAMES_PER_SECOND)).map((face) => ({
      ...face,
      landmarks: face.landmarks.slice(),
    }));
    const errorOf = ({ landmarks }: TrackedFit<ModelFit>, truth: Float32Array) =>
      nme({ predicted: landmarks, truth }, 2);
    const at = (face: TrackedFit<ModelFit>, truth: Float32Array) => errorOf(face, truth) < 25;
    // half a face off: of one that is mostly outside of the picture, no more can be told
    const isOfSomebody = (face: TrackedFit<ModelFit>) =>
      Object.values(people).some((truth) => errorOf(face, truth) < 50);
    seen.push({
      faces: Object.fromEntries(
        Object.entries(people).map(([name, truth]) => [name, found.find((face) => at(face, truth))]),
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
function solo(frameCount: number, act: (seconds: number) => Act, seed = "anna"): Scene[] {
  const actor = new DrawnActor({ seed, size: SIZE });
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
  points.forEach((landmarks, frame) => meter.add(1, frame, landmarks));
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

Deno.test("two faces that cross keep their numbers", async () => {
  const [anna, ben] = ["anna", "ben"].map((seed) => new DrawnActor({ seed, size: SIZE, headShare: 0.13 }));
  const scenes = Array.from({ length: 120 }, (_, i) => {
    const x = 0.28 - 0.56 * i / 119;
    const near = anna!.draw({ x, y: 0.02, yaw: 10 }), far = ben!.draw({ x: -x, yaw: -10 });
    const isHidden = Math.abs(x) < 0.1;
    return {
      picture: overlay(near, far.picture),
      people: { anna: near.landmarks, ...isHidden ? {} : { ben: far.landmarks } },
    };
  });
  const seen = await follow(scenes);
  assert(/^(1+|2+)$/.test(numbers(seen).join("")), numbers(seen).join(""));
  const ids = numbers(seen, "ben").join("");
  assert(/^(1{30,}0{0,50}1{30,}|2{30,}0{0,50}2{30,})$/.test(ids), ids);
});

Deno.test("a face that leaves the picture is lost, and has its number when it comes back", async () => {
  const there = (seconds: number) => Math.min(0.9, 0.8 * seconds) - Math.max(0, 0.8 * (seconds - 2.4));
  const seen = await follow(solo(120, (seconds) => ({ x: there(seconds) })));
  const ids = numbers(seen).join("");
  assert(/^1{15,}0{30,}1{25,}$/.test(ids), ids);
  assertEquals(ghosts(seen), 0);
});

Deno.test("after a cut the face of before is gone, and the other one is found at once, by a number of its own", async () => {
  const [anna, dora] = ["anna", "dora"].map((seed) => new DrawnActor({ seed, size: SIZE }));
  const scenes = Array.from({ length: 30 }, (_, i) => {
    const { picture, landmarks } = i < 15 ? anna!.draw({}) : dora!.draw({ x: 0.1 });
    return { picture, people: { [i < 15 ? "anna" : "dora"]: landmarks } };
  });
  const seen = await follow(scenes);
  assertEquals([numbers(seen), numbers(seen, "dora")], [
    Array.from({ length: 30 }, (_, i) => i < 15 ? 1 : 0),
    Array.from({ length: 30 }, (_, i) => i < 15 ? 0 : 2),
  ]);
  assertEquals(ghosts(seen), 0);
});
