import { drawAppearance, randomColor } from "@/lib/face/appearance.ts";
import { faceAtlas } from "@/lib/face/atlas.ts";
import { drawHairStyle } from "@/lib/face/hair_style.ts";
import { addModes, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { withoutUnseen } from "@/lib/face/prune.ts";
import { skinColor } from "@/lib/face/skin.ts";
import type { TorsoLook } from "@/lib/face/torso.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { multiply, placeInImage, type Placement, poseRotation, rollRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import type { Mat3, Vec3 } from "@/lib/types.ts";
import { paperAugmentation } from "@/lib/data/augment.ts";
import { Backdrop } from "@/lib/data/backgrounds.ts";
import { Camera, drawCamera } from "@/lib/data/camera.ts";
import { CROP_MARGIN, landmarkCrop } from "@/lib/data/crop.ts";
import { drawExpression } from "@/lib/data/expressions.ts";
import { drawGlasses, paintGlasses } from "@/lib/data/glasses.ts";
import { drawLighting } from "@/lib/data/lighting.ts";
import { paintOccluders } from "@/lib/data/occluders.ts";
import { PortraitPainter } from "@/lib/data/portrait.ts";
import { bakePositionMap } from "@/lib/data/position_map.ts";
import type { Sample, SampleSource, Split } from "@/lib/data/sample.ts";
import type { StageTimer } from "@/lib/data/stage_timer.ts";
import { type UvLayout, uvLayout } from "@/lib/data/uv_layout.ts";

export interface SyntheticOptions {
  readonly seed: number;
  /** Pixels a side, of images and maps. */
  readonly imageSize: number;
  /** Whether crops are shifted, scaled and rotated, and things stand before faces, as in training. */
  readonly augment: boolean;
  /** Told of the stages of every sample. */
  readonly timer?: StageTimer | undefined;
}

/** Samples drawn from a morphable model: no photos, no files. */
export function syntheticSource(model: MorphableModel, options: SyntheticOptions): SampleSource {
  return new SyntheticSource(model, options);
}

/** Consecutive samples that show one person, whose shape takes a while to make. */
const SAMPLES_PER_PERSON = 8;

class SyntheticSource implements SampleSource {
  readonly imageSize: number;
  readonly #options: SyntheticOptions;
  readonly #drawn: MorphableModel;
  readonly #painter: PortraitPainter;
  readonly #camera: Camera;
  readonly #layout: UvLayout;
  readonly #image: FloatImage;
  readonly #backdrop: Backdrop;
  readonly #person: Float32Array;
  readonly #vertices: Float32Array;
  readonly #surface: Float32Array;
  readonly #landmarkVertices: Uint32Array;
  /** Who {@linkcode SyntheticSource.sample} showed last. */
  #shaped = "";

  constructor(readonly model: MorphableModel, options: SyntheticOptions) {
    const { imageSize } = options;
    const drawn = this.#drawn = withoutUnseen(model);
    this.imageSize = imageSize;
    this.#options = options;
    this.#painter = new PortraitPainter(faceAtlas(drawn, imageSize > 128 ? 256 : 144), options);
    this.#camera = new Camera(imageSize);
    this.#layout = uvLayout(model.surface, imageSize);
    this.#image = { width: imageSize, height: imageSize, rgb: new Float32Array(3 * imageSize * imageSize) };
    this.#backdrop = new Backdrop(imageSize);
    this.#person = new Float32Array(drawn.mean.length);
    this.#vertices = new Float32Array(drawn.mean.length);
    this.#landmarkVertices = drawn.surface.landmarks.map((vertex) => drawn.surfaceVertices[vertex]!);
    this.#surface = new Float32Array(3 * model.surfaceVertices.length);
  }

  sample(index: number, split: Split): Sample {
    const { seed, augment, timer } = this.#options;
    timer?.begin("pose and shape");
    const person = `${seed}/${split}/person ${Math.floor(index / SAMPLES_PER_PERSON)}`;
    const random = new Random(`${seed}/${split}/sample ${index}`);
    this.#shape(person, random.fork("expression"));
    const { placement, body } = this.#place(random.fork("pose"));
    const look = drawAppearance(random.fork("look"));
    const lighting = drawLighting(random.fork("light"));
    const { brightness } = lighting;
    const skin = skinColor(look.skin.melanin, look.skin.hemoglobin);
    const image = this.#image;
    timer?.begin("background");
    this.#backdrop.paint(image, random.fork("background"));
    const { positions, raster } = this.#painter.draw(image, {
      vertices: this.#vertices,
      placement,
      look,
      hair: drawHairStyle(random.fork("hair")),
      torso: drawTorso(random.fork("torso"), { rotation: body, skin, cloth: look.clothColor }),
      lighting,
    });
    timer?.begin("occluders");
    const glasses = drawGlasses(random.fork("glasses"));
    const landmarks = pickVertices(positions, this.#landmarkVertices);
    if (glasses) paintGlasses(image, glasses, { raster, landmarks, placement, brightness });
    if (augment) paintOccluders(image, { random: random.fork("occluders"), landmarks, skin, brightness });
    const subject = (0.3 * skin[0] + 0.6 * skin[1] + 0.1 * skin[2]) * brightness;
    timer?.begin("camera");
    const photo = this.#camera.takePhoto(image, { settings: drawCamera(random.fork("camera")), subject });
    timer?.begin("bake");
    const measured = this.#measure(positions, landmarks);
    timer?.end();
    return { image: photo, ...measured };
  }

  #shape(person: string, expression: Random): void {
    const model = this.#drawn;
    if (person !== this.#shaped) {
      const random = new Random(person);
      const spread = random.uniform(0.5, 1.3);
      const identity = Float32Array.from(model.identityModes, () => random.normal() * spread);
      shapeFace(model, { identity, expression: [] }, this.#person);
      this.#shaped = person;
    }
    this.#vertices.set(this.#person);
    addModes(this.#vertices, model.expressionModes, drawExpression(expression, model.expressionNames));
  }

  /** Where the head stands, so that the crop around its landmarks, perturbed, is the image; and the body's rotation. */
  #place(random: Random): { placement: Placement; body: Mat3 } {
    const { imageSize: size } = this;
    const { augment } = this.#options;
    const pose = drawPose(random);
    const { rotation: most, scale: zooms, shift: share } = paperAugmentation;
    const turn = rollRotation(augment && random.chance(0.6) ? random.uniform(-most, most) : 0);
    const rotation = multiply(turn, poseRotation(pose));
    const marks = pickVertices(this.#vertices, this.#landmarkVertices);
    const unplaced = placeInImage(marks, { rotation, scale: 1, translation: [0, 0, 0] });
    const { left, top, side } = landmarkCrop(unplaced, { margin: CROP_MARGIN });
    const zoom = augment ? random.uniform(...zooms) : 1;
    const shift = () => augment ? random.uniform(-share, share) * side / CROP_MARGIN : 0; // of the face's own box
    const middle: [number, number] = [left + side / 2 + shift(), top + side / 2 + shift()];
    const scale = zoom * size / side;
    const ahead = { pitch: 0.1 * pose.pitch, yaw: 0.4 * pose.yaw + 0.2 * random.normal(), roll: 0.2 * pose.roll };
    return {
      placement: { rotation, scale, translation: [size / 2 - scale * middle[0], size / 2 - scale * middle[1], 0] },
      body: multiply(turn, poseRotation(ahead)),
    };
  }

  /** The map of the surface, and the landmarks in its frame: z is 0 at the surface's farthest point. */
  #measure(positions: Float32Array, landmarks: Float32Array): Pick<Sample, "map" | "landmarks"> {
    const surface = pickVertices(positions, this.#drawn.surfaceVertices, this.#surface);
    let farthest = Infinity;
    for (let i = 2; i < surface.length; i += 3) farthest = Math.min(farthest, surface[i]!);
    return {
      map: bakePositionMap(this.#layout, surface),
      landmarks: landmarks.map((value, i) => i % 3 === 2 ? value - farthest : value),
    };
  }
}

/** Rows of [n, 3]. */
function pickVertices(
  from: Float32Array,
  vertices: Uint32Array,
  out: Float32Array = new Float32Array(3 * vertices.length),
): Float32Array {
  for (let k = 0; k < vertices.length; k++) {
    const i = 3 * vertices[k]!;
    out[3 * k] = from[i]!;
    out[3 * k + 1] = from[i + 1]!;
    out[3 * k + 2] = from[i + 2]!;
  }
  return out;
}

function drawTorso(random: Random, worn: Pick<TorsoLook, "rotation" | "skin" | "cloth">): TorsoLook {
  return {
    ...worn,
    width: random.uniform(0.82, 1.12),
    neckline: random.integer(1, 5),
    stripes: random.chance(0.15) ? random.uniform(0.1, 0.6) : 0,
    ...random.chance(0.06) && {
      scarf: { height: random.uniform(-0.1, 0.6), color: randomColor(random), folds: random.uniform(0, 6) },
    },
  };
}

/** Half of all heads look anywhere from profile to profile, the others mostly ahead. */
function drawPose(random: Random): { pitch: number; yaw: number; roll: number } {
  const yaw = random.chance(0.6) ? random.uniform(-85, 85) : clamp(random.normal() * 25, 80);
  const degrees: Vec3 = [clamp(random.normal() * 16, 45), yaw, clamp(random.normal() * 14, 45)];
  const [pitch, turned, roll] = degrees.map((angle) => angle * Math.PI / 180) as unknown as Vec3;
  return { pitch, yaw: turned, roll };
}

function clamp(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}
