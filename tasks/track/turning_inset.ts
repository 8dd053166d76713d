import { outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import type { FaceFit, TrackedFit } from "@/lib/track/face_tracker.ts";
import type { Photo } from "@/lib/types.ts";
import { FaceColoring } from "@/lib/view/mesh/colored_face.ts";
import { Turntable } from "@/lib/view/mesh/turntable.ts";

/** Farthest turn to either side, in radians, and seconds from side to side. */
const REACH = 0.7;
const SECONDS = 3;

/** A square beside a video in which a face's mesh turns, in the frame's colors. */
export class TurningInset {
  /** Pixels a side; even, as videos want it. */
  readonly width: number;
  readonly #height: number;
  readonly #framesPerSecond: number;
  readonly #surface: FaceSurface;
  readonly #coloring: FaceColoring;
  /** The face that was drawn last. */
  #id: number | undefined;
  #table: Turntable | undefined;
  readonly #rgb: Uint8Array;
  /** [height, all of the width, 3], made with the first picture. */
  #whole = new Uint8Array();
  #frame = 0;

  constructor(
    { height, framesPerSecond }: { readonly height: number; readonly framesPerSecond: number },
    surface: FaceSurface,
  ) {
    this.width = 2 * Math.floor(height / 2);
    this.#height = height;
    this.#framesPerSecond = framesPerSecond;
    this.#surface = surface;
    this.#coloring = new FaceColoring(surface);
    this.#rgb = new Uint8Array(3 * this.width ** 2);
  }

  /**
   * The face as it turns in the next frame, from a picture without anything drawn over it; gray where there is none. Its
   * pixels are written anew by the next call.
   */
  draw(picture: Photo, face: TrackedFit<FaceFit> | undefined): Photo {
    const turn = REACH * Math.sin(Math.PI * this.#frame++ / this.#framesPerSecond / SECONDS);
    if (face?.id !== this.#id) this.#coloring.reset();
    this.#id = face?.id;
    if (face) return this.#drawFace(picture, face, turn);
    return { width: this.width, height: this.width, rgb: this.#rgb.fill(245) };
  }

  /** The picture, and to its right the inset; its pixels are written anew by the next call. */
  beside(picture: Photo, inset: Photo): Photo {
    const width = picture.width + this.width;
    if (this.#whole.length === 0) this.#whole = new Uint8Array(3 * width * this.#height).fill(245);
    const rgb = this.#whole;
    for (let row = 0; row < this.#height; row++) {
      rgb.set(picture.rgb.subarray(3 * row * picture.width, 3 * (row + 1) * picture.width), 3 * row * width);
      if (row >= inset.height) continue;
      rgb.set(
        inset.rgb.subarray(3 * row * inset.width, 3 * (row + 1) * inset.width),
        3 * (row * width + picture.width),
      );
    }
    return { width, height: this.#height, rgb };
  }

  #drawFace(picture: Photo, { vertices }: TrackedFit<FaceFit>, turn: number): Photo {
    const { mesh, colors } = this.#coloring.color(picture, vertices);
    const face = { colors, landmarks: valuesAt(outlineOf(this.#surface.landmarks), vertices) };
    if (this.#table) this.#table.put(mesh.positions, face);
    else this.#table = new Turntable(mesh, { ...face, size: this.width, reach: REACH, isQuick: true });
    return this.#table.draw(turn, this.#rgb);
  }
}
