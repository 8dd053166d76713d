import { landmarkCrop } from "@/lib/data/maps/crop.ts";
import type { Detection } from "@/lib/track/detection.ts";
import { type FaceFit, FaceTracker, LEAST_SCORE } from "@/lib/track/face_tracker.ts";
import { keyLandmarks, landmarkLines } from "@/lib/face/landmarks.ts";
import type { Crop, Photo } from "@/lib/types.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const picture: Photo = { width: 640, height: 480, rgb: new Uint8Array() };
const MARGIN = 1.5;

/** A person of a world without pixels: where the face is, and how it looks. */
interface Person {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly looks: number;
  /** Nearer ones hide others. */
  readonly isNear?: boolean;
  /** What the fit says; 0.9 unless given. */
  readonly score?: number;
  /** Not seen by the detector, as profiles are now and then. */
  readonly isUndetected?: boolean;
  /** Whose eyes, nose and mouth the detector sees elsewhere. */
  readonly isMistaken?: boolean;
}

function landmarksOf({ x, y, size }: Person): Float32Array {
  return Float32Array.from({ length: 68 * 3 }, (_, i) => {
    const angle = 2 * Math.PI * Math.floor(i / 3) / 68;
    return i % 3 === 0 ? x + size / 2 * Math.cos(angle) : i % 3 === 1 ? y + size / 2 * Math.sin(angle) : 0;
  });
}

/** The detector's, [6, 2], where the landmarks are; ears are not looked at. */
function keypointsOf(person: Person): Float32Array {
  const landmarks = landmarksOf(person), { rightEye, leftEye, outerLips, innerLips } = landmarkLines;
  const groups = [
    rightEye.landmarks,
    leftEye.landmarks,
    [keyLandmarks.noseTip],
    [...outerLips.landmarks, ...innerLips.landmarks],
  ];
  const keypoints = new Float32Array(12);
  groups.forEach((group, k) => {
    for (const landmark of group) {
      keypoints[2 * k]! += landmarks[3 * landmark]! / group.length;
      keypoints[2 * k + 1]! += landmarks[3 * landmark + 1]! / group.length;
    }
  });
  return keypoints;
}

/** What a fit makes of two heads that it begins between: it looks like the first, which is before the other. */
function spreadOver([a, b]: readonly [Person, Person]): Person {
  return {
    x: (a.x + b.x) / 2,
    y: (a.y + b.y) / 2,
    size: (a.size + b.size) / 2 + Math.abs(a.x - b.x),
    looks: a.looks,
  };
}

interface World {
  /** Whether fits that begin between two heads spread over both. */
  readonly isSpreading?: boolean;
  readonly mostFaces?: number;
  /** Told of each face that is found anew. */
  readonly onFound?: () => void;
}

/** Frames of people through a tracker; the fit in a crop is the visible person's nearest to the crop's middle. */
async function follow(
  frames: readonly (readonly Person[])[],
  { isSpreading = false, mostFaces = 5, onFound = () => {} }: World = {},
): Promise<number[][]> {
  let people: readonly Person[] = [];
  const visible = () =>
    people.filter((person) =>
      !people.some((other) =>
        other !== person && other.isNear && !person.isNear &&
        Math.hypot(other.x - person.x, other.y - person.y) < person.size / 2
      )
    );
  const fit = (_: Photo, { left, top, side }: Crop): Promise<FaceFit> => {
    const away = ({ x, y }: Person) => Math.hypot(x - left - side / 2, y - top - side / 2);
    const seen = visible(), [a, b] = seen;
    const heads = isSpreading && a && b ? [...seen, spreadOver([a, b])] : seen;
    const [person] = heads.filter((head) => away(head) < side / 2).toSorted((a, b) => away(a) - away(b));
    const landmarks = landmarksOf(person ?? { x: left + side / 2, y: top + side / 2, size: side / MARGIN, looks: 0 });
    const signature = Float32Array.of(person?.looks ?? 0, -(person?.looks ?? 0));
    const expressions = Float32Array.of(person ? person.x % 2 : 0);
    return Promise.resolve({
      landmarks,
      vertices: landmarks,
      score: person ? person.score ?? 0.9 : 0.1,
      expressions,
      signature,
    });
  };
  const detect = (): Promise<Detection[]> =>
    Promise.resolve(
      visible().filter(({ isUndetected }) => !isUndetected).map((person) => {
        const { x, y, size, isMistaken } = person;
        const box = { left: x - size / 2, top: y - size / 2, width: size, height: size };
        return { box, keypoints: keypointsOf(isMistaken ? { ...person, x: x + size / 2 } : person), score: 0.9 };
      }),
    );
  const tracker = new FaceTracker<FaceFit>({
    fit,
    detect,
    fitDetected: async (picture, { box }) => {
      onFound();
      return unlessFaceless(await fit(picture, cropOf(box)));
    },
  }, { margin: MARGIN, mostFaces });
  const ids: number[][] = [];
  for (const [i, frame] of frames.entries()) {
    people = frame;
    const faces = await tracker.next(picture, i / 30);
    // by person, 0 where one has no face
    ids.push(frame.map(({ x, y }) => {
      const near = faces.filter(({ landmarks }) => Math.hypot(mean(landmarks, 0) - x, mean(landmarks, 1) - y) < 30);
      return near[0]?.id ?? 0;
    }));
  }
  return ids;
}

function unlessFaceless(fit: FaceFit): FaceFit | undefined {
  return fit.score < LEAST_SCORE ? undefined : fit;
}

function cropOf({ left, top, width, height }: Detection["box"]): Crop {
  return landmarkCrop(landmarksOf({ x: left + width / 2, y: top + height / 2, size: width, looks: 0 }), {
    margin: MARGIN,
  });
}

function mean(points: Float32Array, axis: number): number {
  return points.reduce((sum, value, i) => i % 3 === axis ? sum + value / 68 : sum, 0);
}

const still: Person = { x: 200, y: 200, size: 100, looks: 1 };

Deno.test("FaceTracker keeps a face's number while it moves", async () => {
  const ids = await follow(Array.from({ length: 40 }, (_, i) => [{ ...still, x: 100 + 8 * i }]));
  assertEquals(ids, Array(40).fill([1]));
});

Deno.test("FaceTracker gives a face that leaves and comes back its number, and a stranger a new one", async () => {
  const away = Array.from({ length: 20 }, () => []);
  const again = await follow([[still], [still], ...away, [still]]);
  assertEquals(again.at(-1), [1]);
  const stranger = await follow([[still], [still], ...away, [{ ...still, looks: -1 }]]);
  assertEquals(stranger.at(-1), [2]);
  const late = await follow([[still], [still], ...Array.from({ length: 100 }, () => []), [still]]);
  assertEquals(late.at(-1), [2]); // it is kept for three seconds
});

Deno.test("FaceTracker finds the face again after a cut", async () => {
  const ids = await follow([[still], [still], [{ ...still, x: 500, looks: -1 }], [{ ...still, x: 500, looks: -1 }]]);
  assert(ids.at(-1)![0]! > 0);
});

Deno.test("FaceTracker does not swap two faces that cross", async () => {
  const ids = await follow(Array.from({ length: 80 }, (_, i) => [
    { ...still, x: 120 + 5 * i, isNear: true },
    { ...still, x: 520 - 5 * i, y: 210, looks: -1 },
  ]));
  const [first, second] = ids[5]!;
  assert(first !== second && first! > 0 && second! > 0);
  assertEquals(ids.at(-1), [first, second]);
});

Deno.test("FaceTracker finds a second face that comes while the first is tracked", async () => {
  const ids = await follow(
    Array.from({ length: 40 }, (_, i) => i < 5 ? [still] : [still, { ...still, x: 500, looks: 0 }]),
  );
  assertEquals(ids.at(-1), [1, 2]);
});

Deno.test("FaceTracker parts a fit that spreads over two heads as they come apart, and finds each", async () => {
  const apart = (way: number): Person[] => [
    { ...still, x: still.x - way },
    { ...still, x: still.x + way, looks: -1 },
  ];
  const frames = Array.from({ length: 50 }, (_, i) => apart(Math.min(30, i)));
  const ids = await follow([[still], ...frames], { isSpreading: true });
  assertEquals(ids[10], [1, 1]); // one fit between them
  assertEquals(ids.at(-1), [1, 2]);
});

Deno.test("FaceTracker leaves a face alone that has another one close by, or whose keypoints are seen elsewhere", async () => {
  let found = 0;
  const close = { ...still, x: still.x + 55, looks: -1 }; // detections overlap the face by a third
  const alone = Array.from({ length: 40 }, () => [still, close]);
  const ids = await follow([[still], ...alone], { isSpreading: true, onFound: () => found++ });
  assertEquals([found, ids.map(([id]) => id)], [1, Array(41).fill(1)]);
  found = 0;
  assertEquals(
    await follow(Array(40).fill([{ ...still, isMistaken: true }]), { onFound: () => found++ }),
    Array(40).fill([1]),
  );
  assertEquals(found, 1);
});

Deno.test("FaceTracker hands a face back whose number is lost, where the track that came to it is another person's", async () => {
  /**
   * Whose number a face has that the near one's track comes to, while the far one's finds nothing, where they look so; then, of
   * both when they are back.
   */
  const ownerOf = async (looks: number, [nearLooks, farLooks] = [1, -1]) => {
    const near = { ...still, x: 300, looks: nearLooks! }, far = { ...still, x: 420, looks: farLooks! };
    const frames = [...Array(10).fill([near, far]), ...Array(2).fill([{ ...still, x: 330, looks }]), [near, far]];
    return (await follow(frames)).slice(9);
  };
  assertEquals(await ownerOf(-1), [[1, 2], [2], [2], [1, 2]]);
  const own = await ownerOf(1), neithers = await ownerOf(-3), doubtful = await ownerOf(-0.02, [0.1, -0.1]);
  for (const ids of [own, neithers, doubtful]) assertEquals(ids.slice(0, 3), [[1, 2], [1], [1]]);
});

Deno.test("FaceTracker loses a face that it is not sure of where the detector does not see it either", async () => {
  const lostBy = async (score: number, isUndetected: boolean) => {
    const later = Array.from({ length: 28 }, () => [{ ...still, score, isUndetected }]);
    return (await follow([[still], [still], ...later])).at(-1);
  };
  assertEquals(await lostBy(0.7, true), [0]);
  assertEquals(await lostBy(0.7, false), [1]);
  assertEquals(await lostBy(0.95, true), [1]);
  assertEquals(await lostBy(0.4, true), [0]);
});

Deno.test("FaceTracker keeps a face of which it is in doubt for a moment", async () => {
  const doubtfulFor = async (frames: number) => {
    const doubtful = Array.from({ length: 16 + frames }, () => [{ ...still, score: 0.7, isUndetected: true }]);
    const sure = Array.from({ length: 3 }, () => [{ ...still, isUndetected: true, score: 0.95 }]);
    return new Set((await follow([[still], ...doubtful, ...sure])).flat());
  };
  assertEquals(await doubtfulFor(5), new Set([1]));
  assertEquals(await doubtfulFor(20), new Set([1, 0]));
});

Deno.test("FaceTracker leaves a face that is hidden for a moment where it was, and looks for it there for a second", async () => {
  const hiddenFor = async (frames: number) => {
    const hidden = Array.from({ length: frames }, () => [{ ...still, score: 0.1, isUndetected: true }]);
    return (await follow([[still], [still], ...hidden, [{ ...still, isUndetected: true }]])).flat();
  };
  assertEquals(await hiddenFor(8), Array(11).fill(1));
  assertEquals(await hiddenFor(20), [...Array(11).fill(1), ...Array(11).fill(0), 1]);
  assertEquals((await hiddenFor(35)).at(-1), 0);
});

Deno.test("FaceTracker follows as many faces as it may, one that is hidden for a moment among them", async () => {
  const other = { ...still, x: 500, looks: -1 }, hidden = { ...still, score: 0.1, isUndetected: true };
  const both = Array(10).fill([still, other]);
  const waited = await follow([...both, ...Array(3).fill([hidden, other]), ...both], { mostFaces: 1 });
  assertEquals(waited, Array(23).fill([1, 0]));
  const gone = await follow([...both, ...Array(40).fill([hidden, other]), ...both], { mostFaces: 1 });
  assertEquals(gone.at(-1), [0, 2]);
  assertEquals((await follow([[still], [still], [{ ...still, x: 500 }]], { mostFaces: 1 })).at(-1), [1]);
});

Deno.test("FaceTracker does not wait for what was a face in one frame alone", async () => {
  const nothing = Array.from({ length: 4 }, () => [{ ...still, score: 0.1, isUndetected: true }]);
  assertEquals((await follow([[still], ...nothing])).flat(), [1, 0, 0, 0, 0]);
});

Deno.test("FaceTracker's crop rests while a face trembles, follows it, and keeps it near the crop's middle", async () => {
  const crops: Crop[] = [];
  const places = [...Array(10).fill(0).map((_, i) => 200 + i % 2), ...Array(20).fill(0).map((_, i) => 200 + 6 * i)];
  let x = 0;
  const fit = (_: Photo, crop: Crop): Promise<FaceFit> => {
    crops.push(crop);
    const landmarks = landmarksOf({ ...still, x });
    const none = new Float32Array();
    return Promise.resolve({ landmarks, vertices: landmarks, score: 0.95, expressions: none, signature: none });
  };
  const detect = () =>
    Promise.resolve([{
      box: { left: x - 50, top: 150, width: 100, height: 100 },
      keypoints: new Float32Array(12),
      score: 0.9,
    }]);
  const tracker = new FaceTracker<FaceFit>({
    fit,
    detect,
    fitDetected: async (picture, { box }) => unlessFaceless(await fit(picture, cropOf(box))),
  }, {
    margin: MARGIN,
  });
  for (const [i, place] of places.entries()) {
    x = place;
    await tracker.next(picture, i / 30);
  }
  const middles = crops.slice(-places.length + 1).map(({ left, side }) => left + side / 2);
  assertEquals(new Set(middles.slice(1, 9)).size, 1);
  middles.slice(9).forEach((middle, i) => assert(Math.abs(middle - places[i + 10]!) < 0.1 * 150, `${middle} at ${i}`));
});
