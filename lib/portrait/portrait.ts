import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { keyLandmarks, lipPairs, type MeshPoints, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { opennessOf } from "@/lib/face/openness.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import type { Seen } from "@/lib/geometry/seen_vertices.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import {
  applyPerspective,
  type Perspective,
  placedAxes,
  placeInImage,
  type Placement,
} from "@/lib/geometry/transforms.ts";
import { distanceBetween, pointAt, vector } from "@/lib/geometry/vectors.ts";
import { lightVisibility, type VisibilityScratch, visibilityScratch } from "@/lib/geometry/visibility.ts";
import type { Appearance } from "@/lib/portrait/appearance.ts";
import { castGlasses, type Glasses } from "@/lib/portrait/glasses.ts";
import { HairRig } from "@/lib/portrait/hair.ts";
import type { HairStyle } from "@/lib/portrait/hair_style.ts";
import { type LightBuffers, lightHead, lightSlopes, type LitVertices } from "@/lib/portrait/head_light.ts";
import { type HeadMesh, headMesh } from "@/lib/portrait/head_mesh.ts";
import { HeadPixels, type HeadRaster } from "@/lib/portrait/head_pixels.ts";
import { castPattern } from "@/lib/portrait/light_pattern.ts";
import type { Lighting } from "@/lib/portrait/lighting.ts";
import { FacePainter, type Paint } from "@/lib/portrait/paint.ts";
import type { StageTimer } from "@/lib/portrait/stage_timer.ts";
import { textureTangents } from "@/lib/portrait/texture_tangents.ts";
import { shapeTorso, type TorsoLook } from "@/lib/portrait/torso.ts";
import type { Vec3 } from "@/lib/types.ts";

export interface PortraitOptions {
  /** Pixels a side. */
  readonly imageSize: number;
  /** What notes the stages of every portrait. */
  readonly timer?: StageTimer | undefined;
  /** With room for {@linkcode portraitBytes}; own ones where it is missing. */
  readonly kernels?: Kernels;
}

export interface Sitter {
  /** [vertexCount, 3], in model space. */
  readonly vertices: Float32Array;
  readonly placement: Placement;
  readonly perspective: Perspective;
  readonly look: Appearance;
  readonly hair: HairStyle;
  readonly torso: TorsoLook;
  readonly lighting: Lighting;
  /** Whose shadows fall on the face; they are painted by `paintGlasses`. */
  readonly glasses?: Glasses | undefined;
}

export interface Portrait {
  /** [vertexCount, 3], the model's vertices in image space. */
  readonly positions: Float32Array;
  /** What each pixel's middle shows. */
  readonly raster: HeadRaster;
}

const SHADOW_MAP_SIZE = 128;
/** Between the inner landmarks of the lips, in face units. */
const CLOSED_LIPS = 0.012;

/**
 * Draws heads of one model into images of one size, with all the buffers that takes: first it is found what is seen of
 * a sitter, so that nothing else need be lit, nor anything painted behind, and then that is drawn.
 */
export class PortraitPainter {
  readonly #timer: StageTimer | undefined;
  readonly #mesh: HeadMesh;
  readonly #painter: FacePainter;
  readonly #hair: HairRig;
  readonly #atlas: FaceAtlas;
  readonly #landmarks: MeshPoints;
  readonly #pixels: HeadPixels;
  /** [vertexCount, 3], the model's and the hair's, in image space. */
  readonly #positions: Float32Array;
  readonly #vertices: LitVertices;
  /** [modelVertices], of a bare face. */
  readonly #openness: Float32Array;
  readonly #buffers: LightBuffers;
  /** [torso and hair vertices, 3], linear reflectance. */
  readonly #colors: Float32Array;
  /** [modelVertices, 6], see {@linkcode textureTangents}. */
  readonly #tangents: Float32Array;
  /** [vertexCount, 3] and [4], see {@linkcode lightSlopes}. */
  readonly #relief: { readonly slopes: Float32Array; readonly lamp: Float32Array };
  readonly #shadow: VisibilityScratch;
  #posed: Pick<HairStyle, "strands" | "seed"> & { readonly paint: Paint; readonly first: number } | undefined;

  constructor(atlas: FaceAtlas, { imageSize: size, timer, kernels: given }: PortraitOptions) {
    this.#timer = timer;
    this.#atlas = atlas;
    this.#landmarks = meshLandmarks(atlas.model);
    const kernels = given ?? new Kernels(portraitBytes(atlas, size));
    const { irisDistances } = this.#painter = new FacePainter(atlas, (length) => kernels.floats(length));
    this.#hair = new HairRig(atlas);
    this.#mesh = headMesh(atlas);
    this.#pixels = new HeadPixels(kernels, { size, mesh: this.#mesh, textureSize: atlas.textureSize, irisDistances });
    const { modelVertices, bodyVertices, vertexCount: count, triangles } = this.#mesh;
    const floats = (width: number) => new Float32Array(width * count);
    this.#positions = kernels.floats(3 * count);
    this.#vertices = {
      bodyCount: bodyVertices,
      normals: floats(3),
      tangents: this.#hair.tangents,
      openness: floats(1),
      visibility: floats(1),
      gloss: floats(1),
    };
    this.#openness = atlas.model.openness ?? opennessOf(atlas.model);
    this.#vertices.openness.fill(0.85);
    this.#colors = kernels.floats(3 * (count - modelVertices));
    this.#buffers = { light: kernels.floats(3 * count), shine: kernels.floats(3 * count), white: floats(3).fill(1) };
    this.#tangents = textureTangents(atlas);
    this.#relief = { slopes: kernels.floats(3 * count), lamp: kernels.floats(4) };
    this.#shadow = visibilityScratch({ positions: this.#positions, triangles }, SHADOW_MAP_SIZE);
  }

  /** Finds what is seen of a sitter. The result is overwritten by the next call. */
  pose(sitter: Sitter): Portrait {
    const { vertices, placement, perspective, look, hair, torso } = sitter;
    const { modelVertices, bodyVertices, triangles, starts } = this.#mesh;
    const { gloss } = this.#vertices;
    const timer = this.#timer;
    timer?.begin("hair and clothes");
    const positions = this.#positions.subarray(0, 3 * modelVertices);
    placeInImage(vertices, placement, positions);
    shapeTorso(torso, { atlas: this.#atlas, placement }, {
      positions: this.#positions.subarray(3 * modelVertices, 3 * bodyVertices),
      colors: this.#colors,
    });
    const isBare = hair.kind === "none", isHair = hair.kind === "hair";
    if (!isBare) this.#hair.shape(hair, { positions, placement }, this.#positions.subarray(3 * bodyVertices));
    applyPerspective(this.#positions, perspective);
    fillColor(this.#colors.subarray(3 * (bodyVertices - modelVertices)), isHair ? look.hairColor : look.clothColor);
    timer?.begin("rasterize");
    // Behind closed lips, the mouth's inside takes time and is not seen.
    const isClosed = this.#isMouthClosed(positions, placement);
    const first = isClosed ? starts.eyes : look.mask ? 0 : starts.mouth;
    const seen = this.#pixels.find(this.#positions, { first, end: isBare ? starts.hair : triangles.length / 3 });
    timer?.begin("paint");
    const paint = this.#painter.paint(look, hair);
    gloss.set(paint.gloss);
    gloss.fill(0.02, modelVertices, bodyVertices);
    // Dark threads shine less than fair ones, and cloth hardly.
    gloss.fill(isHair ? 0.015 + 0.3 * look.hairColor[1] : 0.01, bodyVertices);
    this.#light(sitter, { first, isBare, seen });
    timer?.end();
    this.#posed = { paint, first, strands: hair.strands, seed: hair.seed };
    return { positions, raster: this.#pixels.raster };
  }

  /** Draws the sitter of the last {@linkcode PortraitPainter.pose} over what the image holds. */
  draw(image: FloatImage): void {
    if (!this.#posed) throw new TypeError("Cannot draw a portrait: nobody has posed yet");
    const { paint, first, strands, seed } = this.#posed;
    this.#timer?.begin("shade");
    const { light, shine } = this.#buffers;
    this.#pixels.shade(image, { first, paint, light, shine, ...this.#relief, colors: this.#colors, strands, seed });
    this.#timer?.end();
  }

  #isMouthClosed(positions: Float32Array, { scale }: Placement): boolean {
    const { model, unit } = this.#atlas;
    const marks = valuesAt(meshLandmarks(model, outlineOf), positions);
    return lipPairs.every(([upper, lower]) => {
      const gap = distanceBetween(pointAt(marks, upper), pointAt(marks, lower));
      return gap < CLOSED_LIPS * unit * scale;
    });
  }

  #light(sitter: Sitter, { first, isBare, seen }: { first: number; isBare: boolean; seen: Seen }): void {
    const { bodyVertices, starts, triangles } = this.#mesh;
    const { normals, openness, visibility } = this.#vertices;
    const positions = this.#positions;
    this.#timer?.begin("light");
    vertexNormals({ positions, triangles: triangles.subarray(3 * first, 3 * starts.hair) }, {
      frame: "image",
      seen,
      out: normals,
    });
    openness.set(this.#openness);
    if (!isBare) {
      normals.set(this.#hair.normals, 3 * bodyVertices);
      openness.set(this.#hair.openness, bodyVertices);
    }
    if (sitter.look.mask) this.#painter.wearMask({ positions, normals, openness, placement: sitter.placement });
    this.#timer?.begin("shadows");
    const { lighting } = sitter;
    if (!lighting.isHard) visibility.set(openness);
    else this.#castShadows(sitter, { isBare, seen });
    this.#timer?.begin("light");
    lightHead(this.#vertices, lighting, { ...this.#buffers, seen });
    const { slopes, lamp } = this.#relief, [{ direction, color }] = lighting.lamps;
    lamp.set(color);
    const axes = placedAxes(sitter.placement, 1);
    const inHead = vector((k) => axes[k]! * direction[0] + axes[3 + k]! * direction[1] + axes[6 + k]! * direction[2]);
    lightSlopes({ tangents: this.#tangents, normals, visibility, seen }, { direction, inHead }, slopes);
  }

  #castShadows(sitter: Sitter, { isBare, seen }: { isBare: boolean; seen: Seen }): void {
    const { lighting: { lamps: [{ direction }], pattern }, glasses, look, placement } = sitter;
    const { bodyVertices, modelVertices, starts, triangles } = this.#mesh;
    const { normals, visibility } = this.#vertices;
    // Without hair, the hair's vertices lie where they were last: nothing may depend on them.
    const count = isBare ? bodyVertices : this.#positions.length / 3;
    const casting = {
      positions: this.#positions.subarray(0, 3 * count),
      triangles: triangles.subarray(3 * starts.skin, 3 * (isBare ? starts.hair : starts.hairBacks)),
    };
    lightVisibility(casting, direction, {
      normals,
      size: SHADOW_MAP_SIZE,
      backfaces: false,
      seen,
      scratch: { ...this.#shadow, positions: this.#shadow.positions.subarray(0, 3 * count) },
      out: visibility,
    });
    if (look.mask) this.#painter.smoothMask(visibility);
    if (!pattern && !glasses) return;
    const positions = this.#positions, landmarks = valuesAt(this.#landmarks, positions.subarray(0, 3 * modelVertices));
    const shadow = { positions, seen, direction, visibility };
    if (glasses) castGlasses(glasses, { ...shadow, landmarks, placement });
    const middle = pointAt(landmarks, keyLandmarks.noseTip), length = this.#atlas.unit * placement.scale;
    if (pattern) castPattern(pattern, { ...shadow, middle, unit: length });
  }
}

/** What a painter takes up of its kernels' memory, at most. */
export function portraitBytes({ model, points }: FaceAtlas, size: number): number {
  return 70 * size * size + 16 * (points.length / 3) + 95 * (model.mean.length / 3) + 60 * model.materials.length +
    2_000_000;
}

function fillColor(colors: Float32Array, [red, green, blue]: Vec3): void {
  for (let i = 0; i < colors.length; i += 3) {
    colors[i] = red;
    colors[i + 1] = green;
    colors[i + 2] = blue;
  }
}
