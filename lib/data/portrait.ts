import type { Appearance } from "@/lib/face/appearance.ts";
import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { HairRig, type HairStyle, hairVertexCount } from "@/lib/face/hair.ts";
import { type MaterialName, materialNames, shapeFace } from "@/lib/face/morphable_model.ts";
import { FacePainter } from "@/lib/face/paint.ts";
import { shapeTorso, type TorsoLook } from "@/lib/face/torso.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { emptyRaster, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { placeInImage, type Placement } from "@/lib/geometry/transforms.ts";
import {
  ambientOcclusion,
  lightVisibility,
  type VisibilityScratch,
  visibilityScratch,
} from "@/lib/geometry/visibility.ts";
import { type LightBuffers, lightHead, type LitVertices } from "@/lib/data/head_light.ts";
import { type HeadMesh, headMesh } from "@/lib/data/head_mesh.ts";
import type { Lighting } from "@/lib/data/lighting.ts";
import { shadeHead } from "@/lib/data/shade_head.ts";
import type { Vec3 } from "@/lib/types.ts";

export interface Sitter {
  /** [vertexCount, 3], in model space. */
  readonly vertices: Float32Array;
  readonly placement: Placement;
  readonly look: Appearance;
  readonly hair: HairStyle;
  readonly torso: TorsoLook;
  readonly lighting: Lighting;
}

export interface Portrait {
  /** [vertexCount, 3], the model's vertices in image space. */
  readonly positions: Float32Array;
  /** What each sample shows. */
  readonly raster: Raster;
  /** Of the raster, per pixel on each axis. */
  readonly samples: number;
}

/** Samples per pixel on each axis. */
const SAMPLES = 2;
const SHADOW_MAP_SIZE = 128;

/** Draws heads of one model into images of one size, with all the buffers that takes. */
export class PortraitPainter {
  readonly #size: number;
  readonly #mesh: HeadMesh;
  readonly #painter: FacePainter;
  readonly #hair: HairRig;
  readonly #atlas: FaceAtlas;
  readonly #raster: Raster;
  /** [vertexCount, 3], the model's and the hair's, in image space. */
  readonly #positions: Float32Array;
  readonly #vertices: LitVertices;
  readonly #buffers: LightBuffers;
  /** [torso and hair vertices, 3], linear reflectance. */
  readonly #colors: Float32Array;
  readonly #shadow: VisibilityScratch;

  constructor(atlas: FaceAtlas, size: number) {
    this.#size = size;
    this.#atlas = atlas;
    this.#painter = new FacePainter(atlas);
    this.#hair = new HairRig(atlas);
    this.#mesh = headMesh(atlas, this.#hair);
    this.#raster = emptyRaster({ width: size, height: size, samples: SAMPLES });
    const { modelVertices, bodyVertices, triangles } = this.#mesh;
    const count = bodyVertices + hairVertexCount;
    const floats = (width: number) => new Float32Array(width * count);
    this.#positions = floats(3);
    this.#vertices = {
      bodyCount: bodyVertices,
      normals: floats(3),
      tangents: this.#hair.tangents,
      openness: floats(1),
      visibility: floats(1),
      gloss: floats(1),
    };
    this.#vertices.openness.fill(0.85).set(opennessOf(atlas));
    this.#colors = new Float32Array(3 * (count - modelVertices));
    this.#buffers = { light: floats(3), shine: floats(3), white: floats(3).fill(1) };
    this.#shadow = visibilityScratch({ positions: this.#positions, triangles }, SHADOW_MAP_SIZE);
  }

  /** Draws over what the image holds. The result is overwritten by the next call. */
  draw(image: FloatImage, { vertices, placement, look, hair, torso, lighting }: Sitter): Portrait {
    const { modelVertices, bodyVertices, bodyTriangles, hairTriangles } = this.#mesh;
    const { gloss } = this.#vertices;
    const positions = this.#positions.subarray(0, 3 * modelVertices);
    placeInImage(vertices, placement, positions);
    shapeTorso(torso, { atlas: this.#atlas, placement }, {
      positions: this.#positions.subarray(3 * modelVertices, 3 * bodyVertices),
      colors: this.#colors,
    });
    const isBare = hair.kind === "none", isHair = hair.kind === "hair";
    if (!isBare) this.#hair.shape(hair, { positions, placement }, this.#positions.subarray(3 * bodyVertices));
    fillColor(this.#colors.subarray(3 * (bodyVertices - modelVertices)), isHair ? look.hairColor : look.clothColor);
    const paint = this.#painter.paint(look, hair);
    gloss.set(paint.gloss);
    gloss.fill(0.02, modelVertices, bodyVertices);
    // Dark threads shine less than fair ones, and cloth hardly.
    gloss.fill(isHair ? 0.015 + 0.3 * look.hairColor[1] : 0.01, bodyVertices);
    this.#light(lighting, isBare);
    const drawn = 3 * (bodyTriangles + (isBare ? 0 : 2 * hairTriangles));
    rasterize({ positions: this.#positions, triangles: this.#mesh.triangles.subarray(0, drawn) }, {
      width: this.#size,
      height: this.#size,
      samples: SAMPLES,
      backfaces: false,
      out: this.#raster,
    });
    shadeHead(image, {
      raster: this.#raster,
      samples: SAMPLES,
      mesh: this.#mesh,
      paint,
      textureSize: this.#atlas.textureSize,
      irisDistances: this.#painter.irisDistances,
      light: this.#buffers.light,
      shine: this.#buffers.shine,
      colors: this.#colors,
      strands: hair.strands,
      seed: hair.seed,
    });
    return { positions, raster: this.#raster, samples: SAMPLES };
  }

  #light(lighting: Lighting, isBare: boolean): void {
    const { bodyVertices, bodyTriangles, hairTriangles, triangles } = this.#mesh;
    const { normals, openness, visibility } = this.#vertices;
    const positions = this.#positions;
    const front = triangles.subarray(0, 3 * bodyTriangles);
    vertexNormals({ positions, triangles: front }, { frame: "image", out: normals });
    if (!isBare) {
      normals.set(this.#hair.normals, 3 * bodyVertices);
      openness.set(this.#hair.openness, bodyVertices);
    }
    // Without hair, the hair's vertices lie where they were last: nothing may depend on them.
    const count = isBare ? bodyVertices : positions.length / 3;
    lightVisibility(
      {
        positions: positions.subarray(0, 3 * count),
        triangles: isBare ? front : triangles.subarray(0, 3 * (bodyTriangles + hairTriangles)),
      },
      lighting.lamps[0]!.direction,
      {
        normals,
        size: SHADOW_MAP_SIZE,
        backfaces: false,
        scratch: { ...this.#shadow, positions: this.#shadow.positions.subarray(0, 3 * count) },
        out: visibility,
      },
    );
    lightHead(this.#vertices, lighting, this.#buffers);
  }
}

function fillColor(colors: Float32Array, [red, green, blue]: Vec3): void {
  for (let i = 0; i < colors.length; i += 3) {
    colors[i] = red;
    colors[i + 1] = green;
    colors[i + 2] = blue;
  }
}

/** [vertexCount], what a face at rest sees of its surroundings; the mouth's inside, when it is open. */
function opennessOf({ model, vertexMaterials }: FaceAtlas): Float32Array {
  const occlusion = (positions: Float32Array) => {
    const mesh = { positions, triangles: model.triangles };
    return ambientOcclusion(mesh, { normals: vertexNormals(mesh, { frame: "model" }), directions: 64 });
  };
  const openness = occlusion(model.mean);
  const wide = occlusion(shapeFace(model, {
    identity: [],
    expression: model.expressionNames.map((name) =>
      name === "jawOpen" ? 0.8 : /mouth(Upper|Lower)/.test(name) ? 0.4 : 0
    ),
  }));
  const numbers = (...names: MaterialName[]) => names.map((name) => materialNames.indexOf(name));
  const inside = numbers("teeth", "gums"), eyes = numbers("sclera", "iris", "pupil");
  // Light that comes in at a slant falls off faster than the share of the sky: the powers are by eye.
  return openness.map((value, v) => {
    const material = vertexMaterials[v]!;
    if (inside.includes(material)) return wide[v]!;
    return value ** (eyes.includes(material) ? 2.2 : 1.5);
  });
}
