import type { Appearance } from "@/lib/portrait/appearance.ts";
import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { EYE_STEPS, irisDistances, paintEyes } from "@/lib/portrait/eyes.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { type FaceFields, faceFields, type SparseField } from "@/lib/portrait/fields.ts";
import { type MaterialName, materialNumbers } from "@/lib/face/morphable_model.ts";
import { clamp } from "@/lib/numbers.ts";
import { Noises } from "@/lib/portrait/noise.ts";
import { onceEach } from "@/lib/once_each.ts";
import { mix } from "@/lib/portrait/mix.ts";
import { skinColors } from "@/lib/portrait/skin.ts";
import { Random } from "@/lib/random.ts";
import { placedAxes, type Placement } from "@/lib/geometry/transforms.ts";
import { meanOf, minus, pointAt, unit, vector } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";

/** A model's faces in color. */
export interface Paint {
  /** [points, 3], linear reflectance of texels and vertices, as the atlas lists them. */
  readonly albedo: Float32Array;
  /** [textureSize²], heights of the skin's relief, in texels. */
  readonly relief: Float32Array;
  /** [vertexCount], strength of the highlight. */
  readonly gloss: Float32Array;
  /** [EYE_STEPS, 3], the colors of the eyes from the pupil's middle out to EYE_REACH iris radii. */
  readonly eyeRamp: Float32Array;
}

/** How much of red, green and blue a fold takes: light that comes out of one has gone through more skin. */
const FOLD_SHADE = [0.7, 0.8, 0.85] as const;

/** Texels a side of a texture in whose texels heights are given, and how deep the deepest fold is. */
const RELIEF_TEXELS = 256, FOLD_DEPTH = 1.2;

/** How round a mask is, in face units, and how much of the relief below it hides. */
const MASK_RADIUS = 0.6, MASK_SHARE = 0.8;

export interface HairRoots {
  /** Height of the hairline over the middle one. */
  readonly line: number;
  /** How much of the skin the hair's roots hide: 0 where the head is bald. */
  readonly roots: number;
}

/** What depends on nothing but the atlas. */
const planOf = onceEach((atlas: FaceAtlas) => {
  const fields = faceFields(atlas);
  return {
    fields,
    lids: lidFields(fields.eyes),
    masked: [...fields.maskVertices.keys()].filter((v) => fields.maskVertices[v]! > 0),
    irisDistances: irisDistances(atlas),
    coarse: new Noises(atlas, { frequency: 1.2, octaves: 3, seed: 1 }),
    medium: new Noises(atlas, { frequency: 7, octaves: 3, seed: 101 }),
    specks: new Noises(atlas, { frequency: 26, octaves: 1, seed: 301 }),
    fine: new Noises(atlas, { frequency: 45, octaves: 1, seed: 201 }),
  };
});

/** Paints the faces of one model; what depends only on the model is computed once. */
export class FacePainter {
  readonly fields: FaceFields;
  /** [vertexCount], for vertices of eyes: the angle from the eye's axis, in iris radii. */
  readonly irisDistances: Float32Array;
  readonly #atlas: FaceAtlas;
  readonly #paint: Paint;
  #painted: { readonly look: Appearance; readonly hair: HairRoots } | undefined;
  readonly #melanin: Float32Array;
  readonly #hemoglobin: Float32Array;
  readonly #coarse: Noises;
  readonly #medium: Noises;
  readonly #specks: Noises;
  readonly #fine: Noises;
  /** Vertices. */
  readonly #lids: LidFields;
  /** Those that a mask covers. */
  readonly #masked: readonly number[];
  readonly #byMaterial: Readonly<Record<"teeth" | "gums" | "lashes" | "eyes", Uint32Array>>;

  /** `floats` makes the arrays of the paint, of this many numbers. */
  constructor(atlas: FaceAtlas, floats = (length: number): Float32Array => new Float32Array(length)) {
    const { points } = atlas;
    const count = points.length / 3;
    this.#atlas = atlas;
    const plan = planOf(atlas);
    this.fields = plan.fields;
    this.#lids = plan.lids;
    this.#masked = plan.masked;
    this.#paint = {
      albedo: floats(points.length),
      relief: floats(atlas.textureSize ** 2),
      gloss: new Float32Array(count - atlas.textureSize ** 2),
      eyeRamp: floats(3 * EYE_STEPS),
    };
    this.#melanin = new Float32Array(count);
    this.#hemoglobin = new Float32Array(count);
    this.#coarse = plan.coarse;
    this.#medium = plan.medium;
    this.#specks = plan.specks;
    this.#fine = plan.fine;
    this.irisDistances = plan.irisDistances;
    const verticesOf = (...names: MaterialName[]) => {
      const numbers = materialNumbers(...names);
      return Uint32Array.from(atlas.vertexMaterials.keys()).filter((v) => numbers.includes(atlas.vertexMaterials[v]!));
    };
    this.#byMaterial = {
      teeth: verticesOf("teeth"),
      gums: verticesOf("gums"),
      lashes: verticesOf("lashes"),
      eyes: verticesOf("sclera", "iris", "pupil"),
    };
  }

  /** The result is overwritten by the next call; the same look and hair as before, as objects, are not painted again. */
  paint(look: Appearance, hair: HairRoots): Paint {
    if (this.#painted?.look === look && this.#painted.hair === hair) return this.#paint;
    this.#painted = { look, hair };
    this.#paintSkin(look);
    this.#paintLips(look);
    this.#paintEyeArea(look);
    this.#paintBeard(look);
    this.#paintBrows(look);
    this.#paintHairRoots(look, hair);
    this.#paintMask(look);
    this.#paintCollar(look);
    this.#paintMaterials(look);
    paintEyes(look.eyes, this.#paint.eyeRamp);
    return this.#paint;
  }

  #paintSkin({ skin, makeUp, noise }: Appearance): void {
    const { used } = this.#atlas;
    const melanin = this.#melanin, hemoglobin = this.#hemoglobin;
    const random = new Random(noise);
    const [a, b] = [this.#coarse.pick(random), this.#coarse.pick(random)];
    const [c, d] = [this.#medium.pick(random), this.#medium.pick(random)];
    const fine = this.#fine.pick(random);
    const { relief } = this.#paint, pores = skin.relief * this.#atlas.textureSize / RELIEF_TEXELS;
    const spread = 0.4 + skin.melanin;
    for (let k = 0; k < used.length; k++) {
      const i = used[k]!;
      melanin[i] = skin.melanin +
        spread * (skin.blotches * 0.6 * a[i]! + skin.grain * (0.35 * d[i]! + 0.5 * fine[i]!));
      if (i < relief.length) relief[i] = pores * (0.7 * fine[i]! + 0.5 * d[i]!);
      hemoglobin[i] = skin.hemoglobin + skin.blotches * 1.2 * b[i]! + skin.grain * 0.6 * (0.8 * c[i]! + fine[i]!);
    }
    const { cheeks, nose, ears, underEyes } = this.fields;
    addField(hemoglobin, cheeks, 0.55 * skin.flush + 0.5 * makeUp.blush);
    addField(hemoglobin, nose, 0.5 * skin.flush);
    addField(hemoglobin, ears, 0.6 * skin.flush);
    addField(hemoglobin, underEyes, 0.5 * skin.circles);
    addField(melanin, underEyes, 0.7 * skin.circles);
    this.#addFreckles(random, skin.freckles);
    this.#addMoles(random, skin.moles);
    skinColors({ melanin, hemoglobin, points: used }, this.#paint.albedo);
    this.#darkenFolds(skin.wrinkles, d);
  }

  /** `rough` are noises, by which folds are deeper and shallower. */
  #darkenFolds(depth: number, rough: Float32Array): void {
    if (depth === 0) return;
    const { points, values } = this.fields.wrinkles;
    const { albedo, relief } = this.#paint, deep = FOLD_DEPTH * this.#atlas.textureSize / RELIEF_TEXELS;
    for (let k = 0; k < points.length; k++) {
      const i = points[k]!, amount = clamp(depth * values[k]! * (0.75 + 0.2 * rough[i]!), 0, 0.85);
      for (let c = 0; c < 3; c++) albedo[3 * i + c]! *= 1 - amount * FOLD_SHADE[c]!;
      if (i < relief.length) relief[i]! -= deep * amount;
    }
  }

  #addFreckles(random: Random, amount: number): void {
    if (amount === 0) return;
    const specks = this.#specks.pick(random), least = random.uniform(0.5, 1.1);
    for (const { points, values } of [this.fields.cheeks, this.fields.nose]) {
      for (let k = 0; k < points.length; k++) {
        const i = points[k]!;
        const speck = specks[i]! - least;
        if (speck > 0) this.#melanin[i]! += 0.55 * amount * Math.min(1, 2 * values[k]!) * Math.min(speck, 1);
      }
    }
  }

  #addMoles(random: Random, count: number): void {
    const { used, points, textureSize } = this.#atlas;
    const reach = Math.ceil(textureSize / 32); // texels, more than the largest mole's radius
    for (let m = 0; m < count; m++) {
      const center = used[random.integer(0, used.length - 1)]!;
      const radius = random.uniform(0.008, 0.02), darkness = random.uniform(0.4, 1.6);
      const [x, y, z] = [points[3 * center]!, points[3 * center + 1]!, points[3 * center + 2]!];
      for (let row = -reach; row <= reach; row++) {
        for (let i = center + row * textureSize - reach; i <= center + row * textureSize + reach; i++) {
          const squared = (points[3 * i]! - x) ** 2 + (points[3 * i + 1]! - y) ** 2 + (points[3 * i + 2]! - z) ** 2;
          // Not so for texels without a point, and for what follows the texels.
          if (squared < radius * radius) this.#melanin[i]! += darkness * (1 - squared / (radius * radius));
        }
      }
    }
  }

  #paintLips({ lips, noise }: Appearance): void {
    const { albedo } = this.#paint;
    const { points, values, parting } = this.fields.lips;
    const soft = 0.02 + 0.03 * ((noise & 15) / 15);
    for (let k = 0; k < points.length; k++) {
      const line = smoothstep(0.035, 0, parting[k]!);
      const amount = lips.cover * smoothstep(-soft, soft * 0.6, values[k]!);
      const shade = 1 - 0.7 * line;
      mix(albedo, points[k]!, lips.color[0] * shade, lips.color[1] * shade, lips.color[2] * shade, amount);
    }
  }

  #paintEyeArea({ makeUp, skin }: Appearance): void {
    const { albedo } = this.#paint;
    const { points } = this.fields.eyes;
    const { shadow, upper, roots, crease } = this.#lids;
    const [r, g, b] = makeUp.shadowColor;
    const worn = makeUp.shadow, base = 0.3 + 0.35 * makeUp.liner, depth = 0.16 * (0.5 + skin.circles);
    for (let k = 0; k < points.length; k++) {
      const i = points[k]!;
      mix(albedo, i, r, g, b, worn * shadow[k]!);
      mix(albedo, i, 0.01, 0.008, 0.008, roots[k]! * Math.min(0.95, base + 0.5 * upper[k]!));
      mix(albedo, i, 0.05, 0.02, 0.015, depth * crease[k]!);
    }
  }

  #paintBeard({ beard, noise }: Appearance): void {
    const { moustache, chin, jaw } = this.fields;
    const random = new Random(noise).fork("beard");
    const coarse = this.#coarse.pick(random), medium = this.#medium.pick(random), fine = this.#fine.pick(random);
    const { albedo } = this.#paint;
    const [r, g, b] = beard.color;
    for (const [field, density] of [[moustache, beard.moustache], [chin, beard.chin], [jaw, beard.jaw]] as const) {
      if (density === 0) continue;
      const { points, values } = field;
      for (let k = 0; k < points.length; k++) {
        const i = points[k]!;
        const rough = 0.25 * coarse[i]! + 0.15 * medium[i]! + 0.5 * fine[i]!;
        const amount = density * smoothstep(0.15, 0.75, values[k]! + 0.18 * rough) * (0.9 + 0.08 * fine[i]!);
        const shade = 1 + 0.12 * medium[i]! + 0.2 * fine[i]!;
        mix(albedo, i, r * shade, g * shade, b * shade, Math.min(0.95, amount));
      }
    }
  }

  #paintBrows({ brows, noise }: Appearance): void {
    const { albedo } = this.#paint;
    const { points, values, above } = this.fields.brows;
    const fine = this.#fine.at(noise), medium = this.#medium.at(noise);
    const [r, g, b] = brows.color;
    for (let k = 0; k < points.length; k++) {
      const i = points[k]!, along = values[k]!;
      const profile = brows.thickness * (along < 0.12 ? 0.75 + 2 * along : 1.05 - 0.75 * along ** 2);
      const off = Math.abs(above[k]! - brows.lift) / profile;
      if (off > 1.8) continue;
      const edge = smoothstep(1.5, 0.5, off + 0.15 * fine[i]! + 0.1 * medium[i]!);
      // Sparse where a brow begins and where it ends.
      const thick = smoothstep(-0.05, 0.12, along) * smoothstep(1.001, 0.85, along);
      const amount = brows.density * edge * thick * (0.9 + 0.1 * fine[i]!);
      mix(albedo, i, r, g, b, Math.min(0.96, amount));
    }
  }

  /** Short hair, and what shows between the strands of longer hair. */
  #paintHairRoots({ hairColor: [r, g, b], noise }: Appearance, { line, roots }: HairRoots): void {
    if (roots === 0) return;
    const { points, values } = this.fields.overHairline;
    const { albedo } = this.#paint;
    const medium = this.#medium.at(noise), fine = this.#fine.at(noise);
    for (let k = 0; k < points.length; k++) {
      const i = points[k]!;
      const amount = smoothstep(-0.04, 0.09, values[k]! - line + 0.03 * medium[i]! + 0.03 * fine[i]!);
      const shade = 0.75 + 0.15 * medium[i]! + 0.15 * fine[i]!;
      mix(albedo, i, r * shade, g * shade, b * shade, roots * amount);
    }
  }

  /** Cloth where the model's own neck is dressed. */
  #paintCollar({ clothColor: [r, g, b] }: Appearance): void {
    const { points, values } = this.fields.belowCollar;
    const { albedo, relief } = this.#paint;
    for (let k = 0; k < points.length; k++) {
      const i = points[k]!, amount = smoothstep(0, 0.02, values[k]!);
      mix(albedo, i, r, g, b, amount);
      if (i < relief.length) relief[i]! *= 1 - amount;
    }
  }

  /** A cloth mask with its folds. */
  #paintMask({ mask: color }: Appearance): void {
    if (!color) return;
    const { points, values } = this.fields.mask;
    const { points: at } = this.#atlas, { relief } = this.#paint;
    for (let k = 0; k < points.length; k++) {
      const i = points[k]!;
      const shade = 0.92 + 0.08 * Math.sin(38 * at[3 * i + 1]!);
      mix(this.#paint.albedo, i, color[0] * shade, color[1] * shade, color[2] * shade, values[k]!);
      if (i < relief.length) relief[i]! *= 1 - values[k]!;
    }
  }

  /**
   * Gives a mask its own shape, a sheet over nose and lips that sees all of its surroundings, where normals, [vertexCount, 3] in image
   * space, and openness, [vertexCount], are the skin's.
   */
  wearMask({ positions, normals, openness, placement }: {
    readonly positions: Float32Array;
    readonly normals: Float32Array;
    readonly openness: Float32Array;
    readonly placement: Placement;
  }): void {
    const { maskVertices } = this.fields, covered = this.#masked;
    const axes = placedAxes(placement, MASK_RADIUS * this.#atlas.unit * placement.scale);
    const behind = vector((k) => axes[3 * k + 2]!);
    const middle = minus(meanOf(positions, covered), behind);
    for (const v of covered) {
      const value = maskVertices[v]!, bulge = unit(minus(pointAt(positions, v), middle));
      const normal = unit(vector((c) => normals[3 * v + c]! + MASK_SHARE * value * (bulge[c] - normals[3 * v + c]!)));
      normals.set(normal, 3 * v);
    }
    this.smoothMask(openness);
  }

  /** Takes away, of how much of a light each vertex sees, what nostrils and lips beneath a mask would take from the sheet. */
  smoothMask(visibility: Float32Array): void {
    const { maskVertices } = this.fields;
    for (const v of this.#masked) visibility[v]! += maskVertices[v]! * (1 - visibility[v]!);
  }

  #paintMaterials({ hairColor, noise, skin, lips, mask }: Appearance): void {
    const { textureSize } = this.#atlas;
    const { albedo, gloss } = this.#paint;
    const { oil, lipVertices, maskVertices } = this.fields;
    const ofSkin = skin.gloss, ofLips = lips.gloss;
    for (let v = 0; v < gloss.length; v++) gloss[v] = ofSkin * oil[v]! + ofLips * lipVertices[v]!;
    if (mask) { for (const v of this.#masked) gloss[v]! *= 1 - maskVertices[v]!; }
    const start = textureSize ** 2;
    const white = 0.4 + 0.25 * (noise % 97) / 97;
    const teeth: Vec3 = [white, white * 0.92, white * 0.78];
    const lashes: Vec3 = [hairColor[0] * 0.1, hairColor[1] * 0.1, hairColor[2] * 0.1];
    for (
      const [vertices, color, shine] of [
        // The cloth bulges where teeth stand out from between the lips' edges.
        [this.#byMaterial.teeth, mask ?? teeth, mask ? 0 : 0.35],
        [this.#byMaterial.gums, mask ?? [0.24, 0.055, 0.05], mask ? 0 : 0.2],
        [this.#byMaterial.lashes, lashes, 0],
        [this.#byMaterial.eyes, undefined, 0.35],
      ] as const
    ) {
      for (let k = 0; k < vertices.length; k++) gloss[vertices[k]!] = shine;
      for (let k = 0; color && k < vertices.length; k++) {
        const i = 3 * (start + vertices[k]!);
        albedo[i] = color[0];
        albedo[i + 1] = color[1];
        albedo[i + 2] = color[2];
      }
    }
  }
}

/** At the points of the field of the eyes, from 0 to 1. */
interface LidFields {
  /** Where eye shadow is worn. */
  readonly shadow: Float32Array;
  /** On upper lids. */
  readonly upper: Float32Array;
  /** At the lids' edges, which are pink inside, with dark lashes at the roots. */
  readonly roots: Float32Array;
  readonly crease: Float32Array;
}

function lidFields({ values, above }: FaceFields["eyes"]): LidFields {
  const upper = above.map((height) => smoothstep(-0.04, 0.03, height));
  return {
    upper,
    shadow: values.map((outside, k) =>
      above[k]! > -0.03 ? smoothstep(0.17, 0.02, outside) * smoothstep(-0.03, 0.04, above[k]!) : 0
    ),
    roots: values.map((outside) => smoothstep(0.034, 0.006, outside) * smoothstep(-0.035, -0.008, outside)),
    crease: values.map((outside, k) => Math.exp(-(((outside - 0.075) / 0.018) ** 2)) * upper[k]!),
  };
}

function addField(values: Float32Array, { points, values: amounts }: SparseField, gain: number): void {
  if (gain === 0) return;
  for (let k = 0; k < points.length; k++) values[points[k]!]! += gain * amounts[k]!;
}
