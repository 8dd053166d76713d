import { drawAppearance } from "@/lib/face/appearance.ts";
import { faceAtlas } from "@/lib/face/atlas.ts";
import { drawHairStyle } from "@/lib/face/hair.ts";
import { type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { withoutUnseen } from "@/lib/face/prune.ts";
import { skinColor } from "@/lib/face/skin.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { multiply, placeInImage, type Placement, poseRotation, rollRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import type { PositionMap, Vec3 } from "@/lib/types.ts";
import { paintBackground } from "@/lib/data/backgrounds.ts";
import { Camera, drawCamera } from "@/lib/data/camera.ts";
import { CROP_MARGIN, landmarkCrop } from "@/lib/data/crop.ts";
import { drawExpression } from "@/lib/data/expressions.ts";
import { drawLighting } from "@/lib/data/lighting.ts";
import { paintOccluders } from "@/lib/data/occluders.ts";
import { PortraitPainter } from "@/lib/data/portrait.ts";
import { bakePositionMap, type UvLayout, uvLayout } from "@/lib/data/position_map.ts";
import type { Sample, SampleSource, Split } from "@/lib/data/sample.ts";

export interface SyntheticOptions {
  readonly seed: number;
  /** Pixels a side, of images and maps. */
  readonly imageSize: number;
  /** Whether crops are shifted, scaled and rotated, and things stand before faces, as in training. */
  readonly augment: boolean;
}

/** Samples drawn from a morphable model: no photos, no files. */
export function syntheticSource(model: MorphableModel, options: SyntheticOptions): SampleSource {
  return new SyntheticSource(model, options);
}

/** Consecutive samples that show one person, whose shape takes a while to make. */
const SAMPLES_PER_PERSON = 4;

class SyntheticSource implements SampleSource {
  readonly imageSize: number;
  readonly #options: SyntheticOptions;
  readonly #drawn: MorphableModel;
  readonly #painter: PortraitPainter;
  readonly #camera: Camera;
  readonly #layout: UvLayout;
  readonly #image: FloatImage;
  readonly #scratch: Float32Array;
  readonly #person: Float32Array;
  readonly #vertices: Float32Array;
  readonly #surface: Float32Array;
  #personKey = "";

  constructor(readonly model: MorphableModel, options: SyntheticOptions) {
    const { imageSize } = options;
    const drawn = this.#drawn = withoutUnseen(model);
    this.imageSize = imageSize;
    this.#options = options;
    this.#painter = new PortraitPainter(faceAtlas(drawn), imageSize);
    this.#camera = new Camera(imageSize);
    this.#layout = uvLayout(model.surface, imageSize);
    this.#image = { width: imageSize, height: imageSize, rgb: new Float32Array(3 * imageSize * imageSize) };
    this.#scratch = new Float32Array(this.#image.rgb.length);
    this.#person = new Float32Array(drawn.mean.length);
    this.#vertices = new Float32Array(drawn.mean.length);
    this.#surface = new Float32Array(3 * model.surfaceVertices.length);
  }

  sample(index: number, split: Split): Sample {
    const person = new Random(`${this.#options.seed}/${split}/person ${Math.floor(index / SAMPLES_PER_PERSON)}`);
    const random = new Random(`${this.#options.seed}/${split}/sample ${index}`);
    this.#shape(person, random.fork("expression"), `${split} ${Math.floor(index / SAMPLES_PER_PERSON)}`);
    const placement = this.#place(random.fork("pose"));
    const look = drawAppearance(random.fork("look"));
    const lighting = drawLighting(random.fork("light"));
    paintBackground(this.#image, random.fork("background"), this.#scratch);
    const portrait = this.#painter.draw(this.#image, {
      vertices: this.#vertices,
      placement,
      look,
      hair: drawHairStyle(random.fork("hair")),
      lighting,
    });
    const map = this.#bake(portrait.positions);
    const landmarks = this.#landmarks();
    const skin = skinColor(look.skin.melanin, look.skin.hemoglobin);
    const { brightness } = lighting;
    const subject = (0.3 * skin[0] + 0.6 * skin[1] + 0.1 * skin[2]) * brightness;
    if (this.#options.augment) {
      paintOccluders(this.#image, { random: random.fork("occluders"), landmarks, skin, brightness });
    }
    const image = this.#camera.takePhoto(this.#image, { settings: drawCamera(random.fork("camera")), subject });
    return { image, map, landmarks };
  }

  #shape(person: Random, expression: Random, key: string): void {
    const model = this.#drawn;
    if (key !== this.#personKey) {
      const spread = person.uniform(0.5, 1.3);
      const identity = Float32Array.from(model.identityModes, () => person.normal() * spread);
      shapeFace(model, { identity, expression: [] }, this.#person);
      this.#personKey = key;
    }
    this.#vertices.set(this.#person);
    const amounts = drawExpression(expression, model.expressionNames);
    model.expressionModes.forEach((mode, m) => {
      const amount = amounts[m]!;
      if (amount === 0) return;
      const vertices = this.#vertices;
      for (let i = 0; i < vertices.length; i++) vertices[i]! += amount * mode[i]!;
    });
  }

  /** Where the head stands, so that the crop around its landmarks, perturbed, is the image. */
  #place(random: Random): Placement {
    const { imageSize: size } = this;
    const pose = drawPose(random);
    const turn = this.#options.augment && random.chance(0.6) ? random.uniform(-Math.PI / 4, Math.PI / 4) : 0;
    const rotation = multiply(rollRotation(turn), poseRotation(pose));
    const marks = this.#landmarkVertices();
    const unplaced = placeInImage(marks, { rotation, scale: 1, translation: [0, 0, 0] });
    const { left, top, side } = landmarkCrop(unplaced, { margin: CROP_MARGIN });
    const zoom = this.#options.augment ? random.uniform(0.9, 1.2) : 1;
    const shift = () => this.#options.augment ? random.uniform(-0.1, 0.1) * side / CROP_MARGIN : 0;
    const middle: [number, number] = [left + side / 2 + shift(), top + side / 2 + shift()];
    const scale = zoom * size / side;
    return { rotation, scale, translation: [size / 2 - scale * middle[0], size / 2 - scale * middle[1], 0] };
  }

  #landmarkVertices(): Float32Array {
    const { surface, surfaceVertices } = this.#drawn;
    const marks = new Float32Array(204);
    surface.landmarks.forEach((vertex, l) => {
      const i = 3 * surfaceVertices[vertex]!;
      marks.set(this.#vertices.subarray(i, i + 3), 3 * l);
    });
    return marks;
  }

  /** The surface in crop pixels, its farthest point at z = 0, and the map made from it. */
  #bake(positions: Float32Array): PositionMap {
    const { surfaceVertices } = this.#drawn;
    const surface = this.#surface;
    let farthest = Infinity;
    for (let k = 0; k < surfaceVertices.length; k++) {
      const i = 3 * surfaceVertices[k]!;
      surface[3 * k] = positions[i]!;
      surface[3 * k + 1] = positions[i + 1]!;
      const z = surface[3 * k + 2] = positions[i + 2]!;
      if (z < farthest) farthest = z;
    }
    for (let i = 2; i < surface.length; i += 3) surface[i]! -= farthest;
    return bakePositionMap(this.#layout, surface);
  }

  #landmarks(): Float32Array {
    const landmarks = new Float32Array(204);
    this.model.surface.landmarks.forEach((vertex, l) => {
      landmarks.set(this.#surface.subarray(3 * vertex, 3 * vertex + 3), 3 * l);
    });
    return landmarks;
  }
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
