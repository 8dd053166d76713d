import { randomAppearance, randomColor } from "@/lib/portrait/appearance.ts";
import { faceAtlas } from "@/lib/face/atlas.ts";
import { randomHairStyle } from "@/lib/portrait/hair_style.ts";
import { modelFingerprint } from "@/lib/face/model_file.ts";
import { meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorVertices } from "@/lib/face/mirror.ts";
import { drawnModel } from "@/lib/face/openness.ts";
import { skinColor } from "@/lib/portrait/skin.ts";
import { NECK_FOOT, type TorsoLook } from "@/lib/portrait/torso.ts";
import { AgeBender } from "@/lib/face/age.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { minus } from "@/lib/geometry/vectors.ts";
import type { Random } from "@/lib/random.ts";
import { Backdrop } from "@/lib/portrait/backgrounds.ts";
import { Camera, type CameraSettings, kernelBytes, randomCamera, reductionAt } from "@/lib/portrait/camera.ts";
import { paintGlasses, randomGlasses } from "@/lib/portrait/glasses.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { invertSimilarity, transformPoint } from "@/lib/geometry/transforms.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { type Lighting, randomLighting } from "@/lib/portrait/lighting.ts";
import { type OccluderKind, paintOccluders } from "@/lib/portrait/occluders.ts";
import { portraitBytes, PortraitPainter } from "@/lib/portrait/portrait.ts";
import { type UvLayout, uvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Label, Sample, Split } from "@/lib/data/sample.ts";
import type { Source } from "@/lib/data/sources/source.ts";
import { directionInShot, type Shot, type SitterOptions, Sitters, type Sitting } from "@/lib/data/synthetic/sitters.ts";
import type { StageTimer } from "@/lib/portrait/stage_timer.ts";
import type { Vec3 } from "@/lib/types.ts";

export interface DrawnOptions extends SitterOptions {
  /** Called at the stages of every sample. */
  readonly timer?: StageTimer | undefined;
  /** The model's. */
  readonly license?: string;
}

/** What a drawn picture shows that may make its face easier or harder to fit. */
export interface Traits extends Pick<Sitting, "pose" | "years"> {
  /** [red, green, blue], linear light: the skin's color before anything lights it. */
  readonly skin: Vec3;
  readonly lighting: Pick<Lighting, "isHard" | "isLowKey">;
  /** What is before the face. */
  readonly cover: readonly (OccluderKind | "glasses" | "mask")[];
  /** `reduction`: how many times smaller this picture was once; 1 for never. */
  readonly camera: Pick<CameraSettings, "reduction" | "blur" | "saturation">;
}

/** A drawn picture with its label. */
export interface DrawnSample extends Sample {
  readonly traits: Traits;
}

/** A source whose faces are drawn from a morphable model: without photos, and without an end. */
export interface DrawnSource extends Source {
  readonly model: MorphableModel;
  sample(index: number, split: Split): DrawnSample;
  label(index: number, split: Split): Label;
}

export function drawnSource(model: MorphableModel, options: DrawnOptions): DrawnSource {
  const layout = uvLayout(model.surface, options.imageSize);
  const sitters = new Sitters(model, { ...options, layout });
  let studio: Studio | undefined; // takes a second to furnish, and who only asks for labels needs none
  return {
    model,
    surface: model.surface,
    layout,
    expressionNames: model.expressionNames,
    counts: { train: Infinity, validation: Infinity, test: Infinity },
    sample: (index, split) => (studio ??= new Studio(model, { ...options, layout })).sample(index, split),
    label: (index, split) => sitters.label(index, split),
    facts: () => ({
      mirror: mirrorVertices(model),
      neutralLandmarks: valuesAt(meshLandmarks(model), model.mean),
      license: options.license,
    }),
    fingerprint: () => modelFingerprint(model),
  };
}

/** A head in an image, before it is photographed. */
interface Drawing extends Pick<Traits, "skin"> {
  readonly random: Random;
  /** [vertexCount, 3], in the drawing. */
  readonly positions: Float32Array;
  readonly lighting: Lighting;
  readonly worn: readonly ("glasses" | "mask")[];
}

/** Where sitters are drawn. */
class Studio {
  readonly #options: DrawnOptions;
  readonly #sitters: Sitters;
  readonly #painter: PortraitPainter;
  readonly #camera: Camera;
  readonly #backdrop: Backdrop;
  readonly #ages: AgeBender;
  readonly #kernels: Kernels;
  /** What is drawn on: the camera's film where a drawing is for one picture alone. */
  readonly #canvas: FloatImage;
  #drawing: Drawing | undefined;

  constructor(model: MorphableModel, options: DrawnOptions & { readonly layout: UvLayout }) {
    const { imageSize } = options;
    this.#options = options;
    const drawn = drawnModel(model);
    this.#sitters = new Sitters(drawn, options);
    this.#ages = new AgeBender(drawn);
    const atlas = faceAtlas(drawn, imageSize > 128 ? 256 : 144);
    const size = this.#sitters.drawnSize;
    const kernels = this.#kernels = new Kernels(portraitBytes(atlas, size) + 3 * kernelBytes(size));
    this.#painter = new PortraitPainter(atlas, { imageSize: size, timer: options.timer, kernels });
    this.#camera = new Camera(imageSize, kernels);
    this.#backdrop = new Backdrop(size, kernels);
    this.#canvas = size === imageSize
      ? this.#camera.film
      : { width: size, height: size, rgb: kernels.floats(3 * size * size) };
  }

  sample(index: number, split: Split): DrawnSample {
    const { augment, timer } = this.#options;
    timer?.begin("pose and shape");
    const sitting = this.#sitters.sit(index, split), { shot } = sitting;
    const drawing = shot && this.#drawing?.random === sitting.random ? this.#drawing : this.#draw(sitting);
    this.#drawing = drawing;
    const { skin, lighting, lighting: { brightness }, positions } = drawing;
    const film = this.#camera.film, { random } = shot ?? sitting;
    if (shot) {
      timer?.begin("crop");
      warpLight(this.#canvas, film, { ...shot, kernels: this.#kernels });
    }
    timer?.begin("bake");
    const label = this.#sitters.labelOf(positions, sitting);
    timer?.begin("occluders");
    const lamp = lighting.isHard ? directionInShot(lighting.lamps[0].direction, shot) : undefined;
    const things = { random: random.fork("occluders"), landmarks: label.landmarks, skin, brightness, lamp };
    const occluders = augment ? paintOccluders(film, things) : [];
    const subject = (0.3 * skin[0] + 0.6 * skin[1] + 0.1 * skin[2]) * brightness;
    timer?.begin("camera");
    const camera = randomCamera(random.fork("camera"), { isWild: augment });
    const image = this.#camera.takePhoto(film, { settings: camera, subject });
    timer?.end();
    const { pitch, yaw, roll } = sitting.pose;
    const pose = shot?.isMirrored ? { pitch, yaw: -yaw, roll: -roll } : sitting.pose;
    const cover = [...drawing.worn, ...occluders];
    const { person, years } = sitting, reduction = reductionAt(film.width, camera);
    return {
      image,
      ...label,
      person,
      traits: { pose, years, skin, lighting, cover, camera: { ...camera, reduction } },
    };
  }

  #draw({ random, ...sitting }: Sitting): Drawing {
    const { timer, augment } = this.#options;
    const { years, vertices, placement, perspective, bodyRotation: rotation } = sitting;
    const look = randomAppearance(random.fork("look"), years);
    const lighting = randomLighting(random.fork("light"), { isWild: augment });
    const { brightness } = lighting;
    const skin = skinColor(look.skin.melanin, look.skin.hemoglobin);
    const glasses = randomGlasses(random.fork("glasses"));
    const { positions, raster } = this.#painter.pose({
      vertices,
      placement,
      perspective,
      look,
      hair: randomHairStyle(random.fork("hair"), years),
      torso: randomTorso(random.fork("torso"), {
        rotation,
        skin,
        cloth: look.clothColor,
        shift: minus(this.#ages.bendPoint(NECK_FOOT, years), NECK_FOOT),
        width: 0.6 + 0.4 * smoothstep(-8, 20, years),
      }),
      lighting,
      glasses,
    });
    const image = this.#canvas;
    timer?.begin("background");
    this.#backdrop.paint(image, random.fork("background"), raster);
    if (lighting.background < 1) darken(image, lighting.background);
    this.#painter.draw(image);
    timer?.begin("occluders");
    const landmarks = this.#sitters.landmarks(positions);
    if (glasses) paintGlasses(image, glasses, { raster, landmarks, placement, brightness });
    const worn = [...glasses ? ["glasses" as const] : [], ...look.mask ? ["mask" as const] : []];
    return { random, positions, skin, lighting, worn };
  }
}

/** A mirrored or turned part of an image: light between four pixels, and beyond the edge that of the edge. */
function warpLight(
  from: FloatImage,
  to: FloatImage,
  { isMirrored, change, kernels }: Pick<Shot, "isMirrored" | "change"> & { readonly kernels: Kernels },
): void {
  const { rotation, scale, dx, dy } = invertSimilarity(change);
  const c = scale * Math.cos(rotation), s = scale * Math.sin(rotation);
  const [x, y] = transformPoint([0.5, 0.5], { rotation, scale, dx, dy }); // of the first pixel's middle
  const [side, left] = isMirrored ? [-1, from.width - x] : [1, x];
  kernels.run.warpLight(from.rgb, from.width, to.rgb, to.width, side * c, -side * s, left - 0.5, s, c, y - 0.5);
}

function darken({ rgb }: FloatImage, share: number): void {
  for (let i = 0; i < rgb.length; i++) rgb[i]! *= share;
}

/** `width` is what is usual at an age. */
function randomTorso(
  random: Random,
  { width, ...given }: Pick<TorsoLook, "rotation" | "skin" | "cloth" | "shift" | "width">,
): TorsoLook {
  return {
    ...given,
    width: width * random.uniform(0.82, 1.12),
    neckline: random.integer(1, 5),
    stripes: random.chance(0.15) ? random.uniform(0.1, 0.6) : 0,
    ...random.chance(0.06) && {
      scarf: { height: random.uniform(-0.1, 0.6), color: randomColor(random), folds: random.uniform(0, 6) },
    },
  };
}
