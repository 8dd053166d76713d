import { boxMiddle, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import { faceSize } from "@/lib/evaluate/nme.ts";
import { clamp } from "@/lib/numbers.ts";
import { CutDetector } from "@/lib/track/cut_detector.ts";
import { boxOverlap, type Detection, keypointMiss } from "@/lib/track/detection.ts";
import { OneEuroFilter } from "@/lib/track/one_euro.ts";
import type { Box, Crop, Photo } from "@/lib/types.ts";

/** What a network found in one crop of a picture. */
export interface FaceFit {
  /** [68, 3], in the picture's pixels. */
  readonly landmarks: Float32Array;
  /** [vertexCount, 3], the surface in the picture's pixels. */
  readonly vertices: Float32Array;
  /** From 0 to 1: whether there is a face in the crop at all; 0 where the landmarks are all in one place. */
  readonly score: number;
  /** [expressionCount], 0 to 1; empty where the network says none. */
  readonly expressions: Float32Array;
  /** [n], how this person looks, whatever the pose and light: near ones are of one person. */
  readonly signature: Float32Array;
}

/** What a tracker works with; `Fit` may say more than the tracker asks. */
export interface TrackerParts<Fit extends FaceFit> {
  readonly fit: (picture: Photo, crop: Crop) => Promise<Fit>;
  readonly detect: (picture: Photo) => Promise<readonly Detection[]>;
  /** The face that was detected so; none where it is no face. */
  readonly fitDetected: (picture: Photo, detection: Detection) => Promise<Fit | undefined>;
}

export interface TrackerOptions {
  /** The crop's side over the longer side of the landmarks' box, as the network was trained. */
  readonly margin: number;
  /** Those that something hides are counted for as long as they are looked for where they were. */
  readonly mostFaces?: number;
  /** False for points as they are found. */
  readonly isSmoothed?: boolean;
}

/** One face of one frame. */
export interface TrackedFit<Fit extends FaceFit> {
  /** The same for one person from frame to frame, from 1. */
  readonly id: number;
  /** Another one where the face was found anew, as after a cut: from there on, nothing of before says how it moves. */
  readonly segment: number;
  readonly fit: Fit;
  /** Whether it was found in this frame; where not, as it may be back at once, all is as in the last one in which it was. */
  readonly isFound: boolean;
  /** [68, 3] and [vertexCount, 3], smoothed; valid until the next frame. */
  readonly landmarks: Float32Array;
  readonly vertices: Float32Array;
  /** [expressionCount], smoothed as well. */
  readonly expressions: Float32Array;
}

/** Frames between looks for new faces while all known ones are found. */
const DETECT_EVERY = 15;
/** Seconds for which the number of a lost face is kept. */
const MEMORY = 3;
/** Fits below this score are of no face. */
export const LEAST_SCORE = 0.5;
/** Two faces' boxes that overlap more are of one face. */
const SAME_FACE = 0.55;
/** A detection that overlaps a known face more is of that face. */
const KNOWN_FACE = 0.25;
/** How many times more a face must look like somebody else to be theirs. */
const MORE_ALIKE = 1.6;
/** Percent by which the keypoints of each of two faces miss a fit that spreads over both. */
const SPREAD = 10;
/** Fits that stay below this are lost where the detector sees no face there either. */
const SURE = 0.9;
/** Seconds for which a face that something hides is taken to stay where it was, and for which it is looked for there. */
const [PATIENCE, ENDURANCE] = [0.3, 1];
/** Signatures nearer than this may be of one person. */
const SAME_PERSON = 0.35;

/**
 * Follows faces from frame to frame: each is looked for where its last mesh was; a detector looks for new ones now and
 * then, and at once where one was lost or the picture changed as a whole, as after a cut. A face that comes back within the
 * memory's time gets its number back, by how it looks and by where it was.
 */
export class FaceTracker<Fit extends FaceFit> {
  readonly #parts: TrackerParts<Fit>;
  readonly #options: Required<TrackerOptions>;
  readonly #cuts = new CutDetector();
  #tracks: Track<Fit>[] = [];
  #lost: Track<Fit>[] = [];
  #nextId = 1;
  #framesToDetection = 0;

  constructor(parts: TrackerParts<Fit>, options: TrackerOptions) {
    this.#parts = parts;
    this.#options = { mostFaces: 5, isSmoothed: true, ...options };
  }

  /** The faces of the next frame, by number. `time` is in seconds and grows. */
  async next(picture: Photo, time: number): Promise<TrackedFit<Fit>[]> {
    this.#lost = this.#lost.filter((track) => time - track.time <= MEMORY);
    if (this.#cuts.isCut(picture)) {
      this.#lost.push(...this.#tracks.splice(0));
      for (const track of this.#lost) track.isPlaceKnown = false;
    }
    const followed: Track<Fit>[] = [], hidden: Track<Fit>[] = [];
    for (const track of this.#tracks) {
      const fit = await this.#parts.fit(picture, track.crop(time));
      const isOwn = time - track.time <= PATIENCE || track.distanceTo(fit, time) < 1;
      if (fit.score >= LEAST_SCORE && isOwn && isInside(landmarkBox(fit.landmarks), picture)) {
        track.moveTo(fit, time);
        followed.push(track);
      } else {
        this.#lost.push(track);
        const isWaitedFor = track.isConfirmed && time - track.time <= ENDURANCE;
        if (isWaitedFor && isWhollyInside(track.box, picture)) hidden.push(track);
      }
    }
    this.#tracks = this.#withoutDoubles(followed);
    this.#handOver(time);
    const isLooking = this.#lost.length > 0 || this.#tracks.length === 0 ||
      this.#tracks.some(({ doubtedSince }) => doubtedSince !== undefined);
    if (--this.#framesToDetection < 0 || isLooking) {
      this.#framesToDetection = DETECT_EVERY;
      const detections = await this.#parts.detect(picture);
      this.#loseDoubtful(detections, time);
      this.#loseSpread(detections);
      await this.#findNew(picture, time, { detections, hidden });
    }
    this.#keep(hidden);
    this.#learn(time);
    const shown = this.#tracks.filter((track) => time - track.time <= PATIENCE);
    return shown.toSorted((a, b) => a.id - b.id).map((track) => ({
      ...track.smoothed(),
      isFound: track.time === time,
    }));
  }

  /** Where two tracks came to the same face, the one that it looks like goes on; the other is lost. */
  #withoutDoubles(tracks: readonly Track<Fit>[]): Track<Fit>[] {
    let kept: Track<Fit>[] = [];
    for (const track of tracks) {
      const others = kept.filter((other) => boxOverlap(track.box, other.box) > SAME_FACE);
      const isOwn = others.every((other) => track.isLikelier(other));
      const lost = isOwn ? others : [track];
      this.#lost.push(...lost.map((one) => one.steppedBack()));
      kept = [...kept, track].filter((one) => !lost.includes(one));
    }
    return kept;
  }

  /** A track that came to a lost one's face, as where they come apart, leaves it to that one. */
  #handOver(time: number): void {
    this.#tracks = this.#tracks.map((track) => {
      const { fit } = track;
      const owner = this.#lost.find((lost) =>
        MORE_ALIKE * lost.strangenessOf(fit) < track.strangeness && lost.distanceTo(fit, time) < 1
      );
      if (!owner) return track;
      owner.restart(fit, time);
      this.#lost = [...this.#lost.filter((lost) => lost !== owner), track.steppedBack()];
      return owner;
    });
  }

  /** What a face looks like, and where it goes, is learned where no other one is before it. */
  #learn(time: number): void {
    const all = [...this.#tracks, ...this.#lost];
    for (const track of this.#tracks) {
      track.isCrowded = all.some((other) => other !== track && boxOverlap(other.box, track.box) > 0);
      if (!track.isCrowded && track.time === time) track.learn();
    }
  }

  /** Faces that something hides are looked for where they were, unless they were found elsewhere or another one is there. */
  #waitedFor(hidden: readonly Track<Fit>[]): Track<Fit>[] {
    const isAlone = ({ box }: Track<Fit>) => this.#tracks.every((other) => boxOverlap(box, other.box) < KNOWN_FACE);
    return hidden.filter((track) => this.#lost.includes(track) && isAlone(track));
  }

  #keep(hidden: readonly Track<Fit>[]): void {
    const kept = this.#waitedFor(hidden);
    this.#lost = this.#lost.filter((track) => !kept.includes(track));
    this.#tracks.push(...kept);
  }

  #loseDoubtful(detections: readonly Detection[], time: number): void {
    const isSeen = (track: Track<Fit>) => detections.some(({ box }) => boxOverlap(box, track.box) > KNOWN_FACE);
    for (const track of this.#tracks) track.doubt(track.score < SURE && !isSeen(track), time);
    const doubtful = this.#tracks.filter(({ doubtedSince }) =>
      doubtedSince !== undefined && time - doubtedSince > PATIENCE
    );
    this.#tracks = this.#tracks.filter((track) => !doubtful.includes(track));
    this.#lost.push(...doubtful);
  }

  /** A fit that spreads over two faces, as where they come apart, is lost, to be found anew in one of them. */
  #loseSpread(detections: readonly Detection[]): void {
    const isSpread = ({ box, fit: { landmarks } }: Track<Fit>) => {
      const seen = detections.filter((detection) => boxOverlap(detection.box, box) > KNOWN_FACE);
      return seen.length > 1 && seen.every((detection) => keypointMiss(detection, landmarks) > SPREAD);
    };
    this.#lost.push(...this.#tracks.filter(isSpread));
    this.#tracks = this.#tracks.filter((track) => !isSpread(track));
  }

  async #findNew(picture: Photo, time: number, { detections, hidden }: Sought<Fit>): Promise<void> {
    const { mostFaces } = this.#options;
    const found: Fit[] = [], boxes = this.#tracks.map(({ box }) => box);
    for (const detection of detections) {
      if (this.#tracks.length + found.length >= mostFaces) break;
      if (this.#tracks.some(({ box }) => boxOverlap(box, detection.box) > KNOWN_FACE)) continue;
      const fit = await this.#parts.fitDetected(picture, detection);
      if (!fit) continue;
      const box = landmarkBox(fit.landmarks);
      if (boxes.some((other) => boxOverlap(other, box) > SAME_FACE)) continue;
      found.push(fit);
      boxes.push(box);
    }
    this.#name(found, time, this.#waitedFor(hidden));
  }

  /**
   * Each face goes on with the lost track that it most likely is of, likeliest pairs first, or begins a new one, as long as
   * there are places beside those of the hidden ones.
   */
  #name(found: readonly Fit[], time: number, hidden: readonly Track<Fit>[]): void {
    const isCrowded = (fit: Fit) => this.#tracks.some(({ box }) => boxOverlap(box, landmarkBox(fit.landmarks)) > 0);
    const distance = (track: Track<Fit>, fit: Fit) => track.distanceTo(fit, time, { isCrowded: isCrowded(fit) });
    const pairs = found
      .flatMap((fit) => this.#lost.map((track) => ({ fit, track, distance: distance(track, fit) })))
      .filter(({ distance }) => distance < 1)
      .toSorted((a, b) => a.distance - b.distance);
    let places = this.#options.mostFaces - this.#tracks.length - hidden.length;
    const named = new Map<Fit, Track<Fit>>();
    for (const { fit, track } of pairs) {
      if (named.has(fit) || !this.#lost.includes(track)) continue;
      if (!hidden.includes(track) && places-- <= 0) continue;
      this.#lost = this.#lost.filter((other) => other !== track);
      track.restart(fit, time);
      named.set(fit, track);
    }
    for (const fit of found) {
      const track = named.get(fit);
      if (track) this.#tracks.push(track);
      else if (places-- > 0) this.#tracks.push(new Track(this.#nextId++, fit, { ...this.#options, time }));
    }
  }
}

interface Sought<Fit extends FaceFit> {
  readonly detections: readonly Detection[];
  readonly hidden: readonly Track<Fit>[];
}

/** One person's face through time. */
class Track<Fit extends FaceFit> {
  readonly #margin: number;
  readonly #filters: Readonly<Record<"landmarks" | "vertices" | "expressions", OneEuroFilter>> | undefined;
  /** The mean over the frames so far, slowly forgotten. */
  #signature: Float32Array;
  #fit: Fit;
  #smoothed: Omit<TrackedFit<Fit>, "isFound"> | undefined;
  #segment = 1;
  /** When the face was last found, in seconds. */
  time: number;
  /** Where the face was looked for last; none after it was found anew. */
  #crop: Crop | undefined;
  /** Pixels a second, of the box's center. */
  #velocity: Pair = [0, 0];
  /** The same over some frames: what jumps to another face, just before this one is lost to it, hardly changes. */
  #course: Pair = [0, 0];
  /** Not after a cut. */
  isPlaceKnown = true;
  /** Before the last move. */
  #before: { fit: Fit; time: number; velocity: Pair };
  /** When it began to be doubtful whether there is a face at all; none while it is not. */
  doubtedSince: number | undefined;
  /** Whether another face is at the same place. */
  isCrowded = false;
  /** Whether it was found in a frame after its first: what was not may have been no face at all. */
  isConfirmed = false;

  constructor(
    readonly id: number,
    fit: Fit,
    { margin, isSmoothed, time }: TrackerOptions & { readonly time: number },
  ) {
    this.#margin = margin;
    this.#filters = isSmoothed
      ? { landmarks: new OneEuroFilter(), vertices: new OneEuroFilter(), expressions: new OneEuroFilter(1) }
      : undefined;
    this.#signature = fit.signature.slice();
    this.#fit = fit;
    this.time = time;
    this.#before = { fit, time, velocity: [0, 0] };
  }

  get box(): Box {
    return landmarkBox(this.#fit.landmarks);
  }

  get fit(): Fit {
    return this.#fit;
  }

  get score(): number {
    return this.#fit.score;
  }

  /** Where the face is to be looked for. */
  crop(time: number): Crop {
    const { left, top, side } = landmarkCrop(this.#fit.landmarks, { margin: this.#margin });
    const most = 0.15 * side;
    const [dx, dy] = this.#velocity.map((speed) => clamp(speed * (time - this.time), -most, most)) as [number, number];
    return this.#crop = loosely(this.#crop, { left: left + dx, top: top + dy, side });
  }

  moveTo(fit: Fit, time: number): void {
    this.#before = { fit: this.#fit, time: this.time, velocity: this.#velocity };
    const seconds = time - this.time, [from, to] = [boxMiddle(this.box), boxMiddle(landmarkBox(fit.landmarks))];
    if (seconds > 0) {
      const [x, y] = this.#velocity = [(to[0] - from[0]) / seconds, (to[1] - from[1]) / seconds];
      const [courseX, courseY] = this.#course, share = this.isCrowded ? 0 : COURSE_SHARE;
      this.#course = [courseX + share * (x - courseX), courseY + share * (y - courseY)];
    }
    this.#fit = fit;
    this.time = time;
    this.isConfirmed = true;
  }

  doubt(isDoubtful: boolean, time: number): void {
    this.doubtedSince = isDoubtful ? this.doubtedSince ?? time : undefined;
  }

  /** Takes on a little of how the face looks now. */
  learn(): void {
    const { signature } = this.#fit;
    this.#signature = this.#signature.map((value, i) => 0.95 * value + 0.05 * signature[i]!);
  }

  /** How unlike itself the face is now. */
  get strangeness(): number {
    return this.strangenessOf(this.#fit);
  }

  /** Whether this one's face looks more like it, beside the other one, than the other's does like that. */
  isLikelier(other: Track<Fit>): boolean {
    return this.strangeness * this.strangenessOf(other.fit) < other.strangeness * other.strangenessOf(this.fit);
  }

  /** How unlike this person a face is. */
  strangenessOf({ signature }: Fit): number {
    return rootMeanSquare(this.#signature, signature);
  }

  /** As before the last move, which was another person's. */
  steppedBack(): this {
    ({ fit: this.#fit, time: this.time, velocity: this.#velocity } = this.#before);
    return this;
  }

  restart(fit: Fit, time: number): void {
    this.#segment++;
    this.#fit = fit;
    this.time = time;
    this.#crop = undefined;
    this.#velocity = this.#course = [0, 0];
    this.doubtedSince = undefined;
    this.isPlaceKnown = true;
    for (const filter of Object.values(this.#filters ?? {})) filter.reset();
  }

  /** Below 1 where the face may be this person's: by looks, and by where the person would have gone. */
  distanceTo(fit: Fit, time: number, { isCrowded = false } = {}): number {
    const looks = this.strangenessOf(fit) / SAME_PERSON;
    const [x, y] = boxMiddle(this.box), [toX, toY] = boxMiddle(landmarkBox(fit.landmarks));
    const seconds = time - this.time, carried = Math.min(seconds, 0.5);
    const size = Math.max(this.box.width, this.box.height);
    const path = Math.hypot(toX - x - carried * this.#course[0], toY - y - carried * this.#course[1]) / size;
    const place = this.isPlaceKnown ? Math.min(FARTHEST, path / (1 + seconds)) : FARTHEST;
    // a face that comes out from behind another looks half unlike itself
    return looks * ((isCrowded ? 0.25 : 0.5) + place / 3) + 0.25 * place;
  }

  /** The fit of the last move; what it was before where there was none since. */
  smoothed(): Omit<TrackedFit<Fit>, "isFound"> {
    const { id, time } = this, fit = this.#fit, segment = this.#segment;
    if (this.#smoothed?.fit === fit) return this.#smoothed;
    if (!this.#filters) {
      return { id, segment, fit, landmarks: fit.landmarks, vertices: fit.vertices, expressions: fit.expressions };
    }
    const { landmarks, vertices, expressions } = this.#filters, size = faceSize(fit.landmarks);
    return this.#smoothed = {
      id,
      segment,
      fit,
      landmarks: landmarks.filter(fit.landmarks, { time, size }),
      vertices: vertices.filter(fit.vertices, { time, size }),
      expressions: expressions.filter(fit.expressions, { time, size: 1 }),
    };
  }
}

type Pair = readonly [x: number, y: number];

/** How much of its velocity in one frame a face's course takes on. */
const COURSE_SHARE = 0.15;
/** Distance, in face sizes, beyond which all places are equally unlikely. */
const FARTHEST = 1.5;

/** How far a crop may be from where it should be, in shares of its side; training's crops are up to a tenth off. */
const SLACK = 0.04;

/**
 * The crop before, drawn along as little as brings it near enough to the wanted one. A crop that follows each tremble of the
 * landmarks makes them tremble more, as what a network says depends on the crop a little.
 */
function loosely(before: Crop | undefined, wanted: Crop): Crop {
  if (!before) return wanted;
  const slack = SLACK * wanted.side;
  const side = wanted.side + clamp(before.side - wanted.side, -slack, slack);
  const along = (start: "left" | "top") => {
    const middle = wanted[start] + wanted.side / 2;
    return middle + clamp(before[start] + before.side / 2 - middle, -slack, slack) - side / 2;
  };
  return { left: along("left"), top: along("top"), side };
}

function isInside(box: Box, picture: Photo): boolean {
  const [x, y] = boxMiddle(box);
  return x > 0 && y > 0 && x < picture.width && y < picture.height;
}

function isWhollyInside({ left, top, width, height }: Box, picture: Photo): boolean {
  return left >= 0 && top >= 0 && left + width <= picture.width && top + height <= picture.height;
}

/** How far two arrays are apart: the root mean square of their differences. */
function rootMeanSquare(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return a.length === 0 ? 0 : Math.sqrt(sum / a.length);
}
