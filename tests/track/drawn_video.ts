import { faceAtlas } from "@/lib/face/atlas.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { withoutUnseen } from "@/lib/face/prune.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { poseRotation } from "@/lib/geometry/transforms.ts";
import { randomAppearance } from "@/lib/portrait/appearance.ts";
import { Backdrop } from "@/lib/portrait/backgrounds.ts";
import { Camera, kernelBytes, randomCamera } from "@/lib/portrait/camera.ts";
import { randomHairStyle } from "@/lib/portrait/hair_style.ts";
import { randomLighting } from "@/lib/portrait/lighting.ts";
import { portraitBytes, PortraitPainter } from "@/lib/portrait/portrait.ts";
import { type Fill, fillShape, stroke } from "@/lib/portrait/shapes.ts";
import { skinColor } from "@/lib/portrait/skin.ts";
import { Random } from "@/lib/random.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";

/** How a head is held and what its face does in one frame. */
export interface Act {
  /** Degrees. */
  readonly pitch?: number;
  readonly yaw?: number;
  readonly roll?: number;
  /** From the picture's middle, in the picture's sides. */
  readonly x?: number;
  readonly y?: number;
  readonly expression?: Readonly<Record<string, number>>;
  /** Where the middle of a hand before the face is, as x and y. */
  readonly hand?: readonly [x: number, y: number];
}

export interface DrawnFrame {
  readonly picture: Photo;
  /** [68, 3], the picture's pixels. */
  readonly landmarks: Float32Array;
  /** [size, size], what of the picture is the person. */
  readonly isPerson: Uint8Array;
}

/**
 * One drawn person before one camera: the same light, clothes and background in each frame, new noise, and whose truth is
 * known.
 */
export class DrawnActor {
  readonly #model: MorphableModel;
  readonly #painter: PortraitPainter;
  readonly #camera: Camera;
  readonly #backdrop: Backdrop;
  readonly #scale: number;
  /** Between their outer corners, in pixels. */
  readonly #eyes: number;
  readonly #size: number;
  readonly #seed: string;
  #frame = 0;

  /** `headShare` is the distance of the outer eye corners in the picture's sides. */
  constructor(
    { seed, size, headShare = 0.16, model = builtInFace() }: {
      readonly seed: string;
      readonly size: number;
      readonly headShare?: number;
      readonly model?: MorphableModel;
    },
  ) {
    const drawn = this.#model = model.openness ? model : withoutUnseen(model);
    const atlas = faceAtlas(drawn, 256);
    const kernels = new Kernels(portraitBytes(atlas, size) + 2 * kernelBytes(size));
    this.#painter = new PortraitPainter(atlas, { imageSize: size, kernels });
    this.#camera = new Camera(size, kernels);
    this.#backdrop = new Backdrop(size, kernels);
    this.#eyes = headShare * size;
    this.#scale = this.#eyes / atlas.unit;
    this.#size = size;
    this.#seed = seed;
  }

  draw({ pitch = 0, yaw = 0, roll = 0, x = 0, y = 0, expression = {}, hand }: Act): DrawnFrame {
    const random = new Random(this.#seed), size = this.#size;
    const identity = random.fork("identity");
    const vertices = shapeFace(this.#model, {
      identity: this.#model.identityModes.map(() => 0.7 * identity.normal()),
      expression: this.#model.expressionNames.map((name) => expression[name] ?? 0),
    });
    const radians = (degrees: number) => degrees * Math.PI / 180;
    const rotation = poseRotation({ pitch: radians(pitch), yaw: radians(yaw), roll: radians(roll) });
    const look = randomAppearance(random.fork("look")), lighting = randomLighting(random.fork("light"));
    const skin = skinColor(look.skin.melanin, look.skin.hemoglobin);
    const perspective = { center: [size / 2, size / 2], depth: 0, distance: 8 * size } as const;
    const { positions, raster } = this.#painter.pose({
      vertices,
      placement: { rotation, scale: this.#scale, translation: [size * (0.5 + x), size * (0.5 + y), 0] },
      perspective,
      look,
      hair: randomHairStyle(random.fork("hair")),
      torso: {
        rotation: poseRotation({ pitch: 0, yaw: radians(0.3 * yaw), roll: 0 }),
        width: 1,
        neckline: 2,
        skin,
        cloth: look.clothColor,
        stripes: 0,
      },
      lighting,
    });
    const image = this.#camera.film;
    this.#backdrop.paint(image, random.fork("background"), raster);
    this.#painter.draw(image);
    if (hand) {
      const [handX, handY] = hand;
      paintHand(image, { x: size * (0.5 + handX), y: size * (0.5 + handY), width: 0.4 * this.#eyes }, {
        from: skin.map((value) => 0.9 * lighting.brightness * value) as unknown as Vec3,
        to: skin.map((value) => 0.7 * lighting.brightness * value) as unknown as Vec3,
        round: 0.6,
        softness: 1.5,
      });
    }
    const settings = {
      ...randomCamera(random.fork("camera")),
      blur: 0.6,
      motion: 0,
      reduction: 1,
      noise: 0.01,
      noiseSeed: this.#frame++,
      qualities: [],
      bars: [0, 0, 0, 0] as const,
    };
    const picture = this.#camera.takePhoto(image, { settings, subject: 0.3 * lighting.brightness });
    return {
      picture,
      landmarks: valuesAt(meshLandmarks(this.#model), positions),
      isPerson: Uint8Array.from(raster.triangle, (triangle) => triangle >= 0 ? 1 : 0),
    };
  }
}

/** Fingers up, its wrist at the picture's lower edge; lengths in pixels. */
function paintHand(
  image: FloatImage,
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
  fill: Fill,
): void {
  fillShape(image, stroke([x, y + width], [x, y + 8 * width], 1.3 * width), fill);
  fillShape(image, { kind: "ellipse", x, y, halfWidth: width, halfHeight: 1.2 * width, angle: 0 }, fill);
  for (let finger = -1.5; finger <= 1.5; finger++) {
    const base = x + 0.5 * finger * width;
    fillShape(image, stroke([base, y], [base + 0.12 * finger * width, y - 2.2 * width], 0.42 * width), fill);
  }
}

/** The nearer person before the farther one, whose picture it is otherwise. */
export function overlay({ picture: near, isPerson }: DrawnFrame, far: Photo): Photo {
  return { ...far, rgb: far.rgb.map((value, i) => isPerson[Math.floor(i / 3)] ? near.rgb[i]! : value) };
}

/** Turns to both sides, speaks and blinks. */
export function talkingTurn(seconds: number, reach = 80): Act {
  const wave = (period: number, phase = 0) => Math.sin(2 * Math.PI * (seconds / period + phase));
  const blink = Math.max(0, 1 - Math.abs((seconds % 2.5) - 1.2) / 0.12);
  return {
    yaw: reach * wave(6),
    pitch: 12 * wave(3.7),
    roll: 8 * wave(5.1),
    x: 0.04 * wave(4.3),
    expression: {
      jawOpen: 0.35 * Math.max(0, wave(0.45)),
      mouthFunnel: 0.3 * Math.max(0, wave(0.7, 0.3)),
      mouthSmile_L: 0.4 * Math.max(0, wave(3)),
      mouthSmile_R: 0.4 * Math.max(0, wave(3)),
      eyeBlink_L: blink,
      eyeBlink_R: blink,
    },
  };
}
