import type { Appearance } from "@/lib/face/appearance.ts";
import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { HairRig, type HairStyle, hairVertexCount, strandTexture } from "@/lib/face/hair.ts";
import { materialNames } from "@/lib/face/morphable_model.ts";
import { EYE_REACH, EYE_STEPS, FacePainter, type Paint } from "@/lib/face/paint.ts";
import { type FloatImage } from "@/lib/geometry/color.ts";
import { emptyRaster, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import { addDirectionalLight, shadeVertices, vertexNormals } from "@/lib/geometry/shading.ts";
import { placeInImage, type Placement } from "@/lib/geometry/transforms.ts";
import {
  ambientOcclusion,
  lightVisibility,
  type VisibilityScratch,
  visibilityScratch,
} from "@/lib/geometry/visibility.ts";
import type { Lighting } from "@/lib/data/lighting.ts";
import type { Mesh, Vec3 } from "@/lib/types.ts";

export interface Sitter {
  /** [vertexCount, 3], in model space. */
  readonly vertices: Float32Array;
  readonly placement: Placement;
  readonly look: Appearance;
  readonly hair: HairStyle;
  readonly lighting: Lighting;
}

export interface Portrait {
  /** [vertexCount, 3], the model's vertices in image space. */
  readonly positions: Float32Array;
  /** What each sample shows. */
  readonly raster: Raster;
}

/** What a triangle's color comes from. */
const kinds = { texture: 0, vertices: 1, eye: 2, hair: 3 } as const;

/** Samples per pixel on each axis. */
const SAMPLES = 2;
const SHADOW_MAP_SIZE = 128;

/** Draws heads of one model into images of one size, with all the buffers that takes. */
export class PortraitPainter {
  readonly #atlas: FaceAtlas;
  readonly #size: number;
  readonly #painter: FacePainter;
  readonly #hair: HairRig;
  readonly #raster: Raster;
  readonly #modelVertices: number;
  /** The model's shown triangles, then the hair's. */
  readonly #triangles: Uint32Array;
  readonly #modelTriangles: number;
  readonly #kinds: Uint8Array;
  /** [triangles, 6], the place in the texture of each corner. */
  readonly #corners: Float32Array;
  readonly #openness: Float32Array;
  readonly #gloss: Float32Array;
  readonly #positions: Float32Array;
  readonly #normals: Float32Array;
  readonly #light: Float32Array;
  readonly #shine: Float32Array;
  readonly #ones: Float32Array;
  readonly #zeros: Float32Array;
  readonly #visibility: Float32Array;
  readonly #scratch: VisibilityScratch;

  constructor(atlas: FaceAtlas, size: number) {
    const { model } = atlas;
    this.#atlas = atlas;
    this.#size = size;
    this.#painter = new FacePainter(atlas);
    this.#hair = new HairRig(atlas);
    this.#raster = emptyRaster({ width: size, height: size, samples: SAMPLES });
    this.#modelVertices = model.mean.length / 3;

    const shown = shownTriangles(atlas);
    this.#modelTriangles = shown.length;
    const hairTriangles = this.#hair.triangles.map((vertex) => vertex + this.#modelVertices);
    this.#triangles = new Uint32Array(3 * shown.length + hairTriangles.length);
    this.#corners = new Float32Array(2 * this.#triangles.length);
    this.#kinds = new Uint8Array(this.#triangles.length / 3).fill(kinds.hair);
    shown.forEach((t, k) => {
      this.#triangles.set(model.triangles.subarray(3 * t, 3 * t + 3), 3 * k);
      this.#corners.set(atlas.corners.subarray(6 * t, 6 * t + 6), 6 * k);
      this.#kinds[k] = kindOf(atlas, t);
    });
    this.#triangles.set(hairTriangles, 3 * shown.length);
    this.#hair.triangles.forEach((vertex, i) => {
      const corner = 2 * (3 * shown.length + i);
      this.#corners[corner] = Math.floor(vertex / strandTexture.hairRows) * strandTexture.perHairColumn;
      this.#corners[corner + 1] = (vertex % strandTexture.hairRows) * strandTexture.rowsPerHairRow;
    });

    const count = this.#modelVertices + hairVertexCount;
    const floats = () => new Float32Array(3 * count);
    [this.#positions, this.#normals, this.#light, this.#shine, this.#zeros] = [
      floats(),
      floats(),
      floats(),
      floats(),
      floats(),
    ];
    this.#ones = floats().fill(1);
    this.#visibility = new Float32Array(count);
    this.#gloss = new Float32Array(count);
    this.#openness = new Float32Array(count);
    const rest = { positions: model.mean, triangles: this.#triangles.subarray(0, 3 * shown.length) };
    this.#openness.set(ambientOcclusion(rest, { normals: vertexNormals(rest, { frame: "model" }) }));
    this.#scratch = visibilityScratch({ positions: this.#positions, triangles: this.#triangles }, SHADOW_MAP_SIZE);
  }

  /** Draws over what the image holds. The result is overwritten by the next call. */
  draw(image: FloatImage, { vertices, placement, look, hair, lighting }: Sitter): Portrait {
    const split = 3 * this.#modelVertices;
    const positions = this.#positions.subarray(0, split);
    placeInImage(vertices, placement, positions);
    const paint = this.#painter.paint(look, hair);
    const isBare = hair.kind === "none";
    if (!isBare) this.#hair.shape(hair, { positions, placement }, this.#positions.subarray(split));
    const mesh = isBare
      ? { positions, triangles: this.#triangles.subarray(0, 3 * this.#modelTriangles) }
      : { positions: this.#positions, triangles: this.#triangles };
    this.#lightVertices(mesh, paint, { lighting, isBare });
    rasterize(mesh, { width: this.#size, height: this.#size, samples: SAMPLES, out: this.#raster });
    const isHair = hair.kind === "hair";
    this.#shade(image, paint, {
      color: isHair ? look.hairColor : look.clothColor,
      strands: hair.strands,
      shift: hair.seed % strandTexture.columns,
    });
    return { positions, raster: this.#raster };
  }

  #lightVertices(mesh: Mesh, paint: Paint, { lighting, isBare }: { lighting: Lighting; isBare: boolean }): void {
    const count = mesh.positions.length / 3, split = this.#modelVertices;
    const normals = this.#normals.subarray(0, 3 * count);
    const openness = this.#openness.subarray(0, count), visibility = this.#visibility.subarray(0, count);
    const light = this.#light.subarray(0, 3 * count), shine = this.#shine.subarray(0, 3 * count);
    const gloss = this.#gloss.subarray(0, count);
    vertexNormals(mesh, { frame: "image", out: normals });
    gloss.set(paint.gloss);
    if (!isBare) {
      normals.set(this.#hair.normals, 3 * split);
      openness.set(this.#hair.openness, split);
      gloss.fill(0.05, split);
    }
    shadeVertices(normals, { albedo: this.#ones.subarray(0, 3 * count), light: lighting.around, openness, out: light });
    shine.fill(0);
    lighting.lamps.forEach((lamp, i) => {
      const scratch = { ...this.#scratch, positions: this.#scratch.positions.subarray(0, 3 * count) };
      if (i === 0) {
        lightVisibility(mesh, lamp.direction, { normals, size: SHADOW_MAP_SIZE, scratch, out: visibility });
      }
      const cast = { ...lamp, visibility: i === 0 ? visibility : openness };
      const matte = { albedo: this.#ones.subarray(0, 3 * count) };
      addDirectionalLight(normals, { surface: matte, light: cast, colors: light });
      const glossy = { albedo: this.#zeros.subarray(0, 3 * count), gloss, shininess: 18 };
      addDirectionalLight(normals, { surface: glossy, light: cast, colors: shine });
    });
  }

  /** Colors the raster's samples and averages them over what the image holds. */
  #shade(
    { width, height, rgb }: FloatImage,
    { albedo, eyeRamp }: Paint,
    { color: [hairRed, hairGreen, hairBlue], strands, shift }: { color: Vec3; strands: number; shift: number },
  ): void {
    const { triangle, weights, width: rowLength } = this.#raster;
    const triangles = this.#triangles, corners = this.#corners, light = this.#light, shine = this.#shine;
    const kindOfTriangle = this.#kinds, { irisDistances } = this.#painter;
    const { textureSize } = this.#atlas;
    const vertexStart = textureSize * textureSize;
    const { values: strandValues, columns: strandColumns, rows: strandRows } = strandTexture;
    const share = 1 / (SAMPLES * SAMPLES);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let red = 0, green = 0, blue = 0, count = 0;
        for (let s = 0; s < SAMPLES * SAMPLES; s++) {
          const k = (row * SAMPLES + ((s / SAMPLES) | 0)) * rowLength + column * SAMPLES + s % SAMPLES;
          const t = triangle[k]!;
          if (t < 0) continue;
          count++;
          const wa = weights[3 * k]!, wb = weights[3 * k + 1]!, wc = weights[3 * k + 2]!;
          const a = triangles[3 * t]!, b = triangles[3 * t + 1]!, c = triangles[3 * t + 2]!;
          const kind = kindOfTriangle[t]!;
          let r = hairRed, g = hairGreen, bl = hairBlue;
          if (kind === kinds.eye) {
            const distance = wa * irisDistances[a]! + wb * irisDistances[b]! + wc * irisDistances[c]!;
            const step = 3 * Math.min(EYE_STEPS - 1, (distance * (EYE_STEPS / EYE_REACH)) | 0);
            r = eyeRamp[step]!;
            g = eyeRamp[step + 1]!;
            bl = eyeRamp[step + 2]!;
          } else if (kind === kinds.vertices) {
            const pa = 3 * (vertexStart + a), pb = 3 * (vertexStart + b), pc = 3 * (vertexStart + c);
            r = wa * albedo[pa]! + wb * albedo[pb]! + wc * albedo[pc]!;
            g = wa * albedo[pa + 1]! + wb * albedo[pb + 1]! + wc * albedo[pc + 1]!;
            bl = wa * albedo[pa + 2]! + wb * albedo[pb + 2]! + wc * albedo[pc + 2]!;
          } else {
            const x = wa * corners[6 * t]! + wb * corners[6 * t + 2]! + wc * corners[6 * t + 4]!;
            const y = wa * corners[6 * t + 1]! + wb * corners[6 * t + 3]! + wc * corners[6 * t + 5]!;
            if (kind === kinds.texture) {
              const texel = 3 * ((y | 0) * textureSize + (x | 0));
              r = albedo[texel]!;
              g = albedo[texel + 1]!;
              bl = albedo[texel + 2]!;
            } else {
              const strand = Math.min(strandRows - 1, y | 0) * strandColumns + (((x | 0) + shift) % strandColumns);
              const shade = Math.max(0.1, 1 + strands * strandValues[strand]!);
              r *= shade;
              g *= shade;
              bl *= shade;
            }
          }
          const a3 = 3 * a, b3 = 3 * b, c3 = 3 * c;
          red += r * (wa * light[a3]! + wb * light[b3]! + wc * light[c3]!) +
            wa * shine[a3]! + wb * shine[b3]! + wc * shine[c3]!;
          green += g * (wa * light[a3 + 1]! + wb * light[b3 + 1]! + wc * light[c3 + 1]!) +
            wa * shine[a3 + 1]! + wb * shine[b3 + 1]! + wc * shine[c3 + 1]!;
          blue += bl * (wa * light[a3 + 2]! + wb * light[b3 + 2]! + wc * light[c3 + 2]!) +
            wa * shine[a3 + 2]! + wb * shine[b3 + 2]! + wc * shine[c3 + 2]!;
        }
        if (count === 0) continue;
        const pixel = 3 * (row * width + column);
        const rest = 1 - share * count;
        rgb[pixel] = rest * rgb[pixel]! + share * red;
        rgb[pixel + 1] = rest * rgb[pixel + 1]! + share * green;
        rgb[pixel + 2] = rest * rgb[pixel + 2]! + share * blue;
      }
    }
  }
}

function kindOf({ model, corners }: FaceAtlas, triangle: number): number {
  const eyes = ["sclera", "iris", "pupil"].map((name) => materialNames.indexOf(name as "sclera"));
  if (eyes.includes(model.materials[triangle]!)) return kinds.eye;
  return Number.isNaN(corners[6 * triangle]) ? kinds.vertices : kinds.texture;
}

/** All but some of the lashes: they are cards that stand for separate hairs. */
function shownTriangles({ model }: FaceAtlas): number[] {
  const lashes = materialNames.indexOf("lashes");
  return Array.from(model.materials.keys()).filter((t) => model.materials[t] !== lashes || t % 5 < 2);
}
