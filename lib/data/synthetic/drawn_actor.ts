import { type FaceAtlas, faceAtlas } from "@/lib/face/atlas.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { addModes, meshLandmarks, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { drawnModel } from "@/lib/face/openness.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { DEGREE, poseRotation } from "@/lib/geometry/transforms.ts";
import { type Appearance, randomAppearance } from "@/lib/portrait/appearance.ts";
import { Backdrop } from "@/lib/portrait/backgrounds.ts";
import { Camera, kernelBytes, randomCamera } from "@/lib/portrait/camera.ts";
import { type HairStyle, randomHairStyle } from "@/lib/portrait/hair_style.ts";
import { type Lighting, randomLighting } from "@/lib/portrait/lighting.ts";
import { portraitBytes, PortraitPainter } from "@/lib/portrait/portrait.ts";
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
}

export interface DrawnFrame {
  readonly picture: Photo;
  /** [68, 3], the picture's pixels. */
  readonly landmarks: Float32Array;
  /** [size, size], what of the picture is the person. */
  readonly isPerson: Uint8Array;
}

/** Paints what is before a face: in the person's own skin, red, green and blue, and the light's brightness. */
export type PaintBefore = (film: FloatImage, person: { readonly skin: Vec3; readonly brightness: number }) => void;

export interface ActorOptions {
  readonly model: MorphableModel;
  /** Who it is. */
  readonly seed: string;
  /** Pixels a side. */
  readonly size: number;
  /** The distance of the outer eye corners in the picture's sides. */
  readonly headShare?: number;
}

/** Actors are grown up. */
const YEARS = 30;

/**
 * One drawn person before one camera: the same light, clothes and background in each frame, new noise, and whose truth is
 * known.
 */
export class DrawnActor {
  readonly #options: Required<ActorOptions>;
  readonly #atlas: FaceAtlas;
  readonly #painter: PortraitPainter;
  readonly #camera: Camera;
  /** [size, size, 3], linear light. */
  readonly #background: Float32Array;
  readonly #person: {
    /** [vertexCount, 3], in model space. */
    readonly atRest: Float32Array;
    readonly look: Appearance;
    readonly hair: HairStyle;
    readonly lighting: Lighting;
  };
  #frame = 0;

  constructor({ headShare = 0.16, ...options }: ActorOptions) {
    const { size } = options;
    const model = drawnModel(options.model);
    this.#options = { ...options, headShare, model };
    this.#atlas = faceAtlas(model, size > 160 ? 256 : 144); // as a source of crops of 4/5 as many pixels has it
    const kernels = new Kernels(portraitBytes(this.#atlas, size) + 2 * kernelBytes(size));
    this.#painter = new PortraitPainter(this.#atlas, { imageSize: size, kernels });
    this.#camera = new Camera(size, kernels);
    const random = new Random(options.seed), amounts = random.fork("identity");
    const identity = model.identityModes.map(() => 0.7 * amounts.normal());
    this.#background = new Float32Array(3 * size * size);
    new Backdrop(size, kernels).paint(
      { width: size, height: size, rgb: this.#background },
      random.fork("background"),
    );
    const look = randomAppearance(random.fork("look"), YEARS);
    this.#person = {
      atRest: shapeFace(model, { identity, expression: [] }),
      // Even skin: the video is a measure, and is to show what it always has.
      look: { ...look, skin: { ...look.skin, relief: 0 } },
      hair: randomHairStyle(random.fork("hair"), YEARS),
      lighting: randomLighting(random.fork("light"), { isWild: false }),
    };
  }

  draw({ pitch = 0, yaw = 0, roll = 0, x = 0, y = 0, expression = {} }: Act, paintBefore?: PaintBefore): DrawnFrame {
    const { model, seed, size, headShare } = this.#options;
    const { atRest, look, hair, lighting } = this.#person;
    const vertices = atRest.slice();
    addModes(vertices, model.expressionModes, model.expressionNames.map((name) => expression[name] ?? 0));
    const radians = (degrees: number) => degrees * DEGREE;
    const rotation = poseRotation({ pitch: radians(pitch), yaw: radians(yaw), roll: radians(roll) });
    const skin = skinColor(look.skin.melanin, look.skin.hemoglobin);
    const perspective = { center: [size / 2, size / 2], depth: 0, distance: 8 * size } as const;
    const { positions, raster } = this.#painter.pose({
      vertices,
      placement: {
        rotation,
        scale: headShare * size / this.#atlas.unit,
        translation: [size * (0.5 + x), size * (0.5 + y), 0],
      },
      perspective,
      look,
      hair,
      torso: {
        rotation: poseRotation({ pitch: 0, yaw: radians(0.3 * yaw), roll: 0 }),
        width: 1,
        shift: [0, 0, 0],
        neckline: 2,
        skin,
        cloth: look.clothColor,
        stripes: 0,
      },
      lighting,
    });
    const image = this.#camera.film;
    image.rgb.set(this.#background);
    this.#painter.draw(image);
    paintBefore?.(image, { skin, brightness: lighting.brightness });
    const settings = {
      ...randomCamera(new Random(seed).fork("camera"), { isWild: false }),
      blur: 0.6,
      motion: 0,
      reduction: 1,
      noise: 0.01,
      noiseSeed: this.#frame++,
      compressions: [],
      bars: [0, 0, 0, 0] as const,
    };
    const picture = this.#camera.takePhoto(image, { settings, subject: 0.3 * lighting.brightness });
    return {
      picture,
      landmarks: valuesAt(meshLandmarks(model), positions),
      isPerson: Uint8Array.from(raster.triangle, (triangle) => triangle >= 0 ? 1 : 0),
    };
  }
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
