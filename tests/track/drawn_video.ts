import {
  type Act as BareAct,
  type ActorOptions,
  DrawnActor as BareActor,
  type DrawnFrame,
} from "@/lib/data/synthetic/drawn_actor.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import { times } from "@/lib/geometry/vectors.ts";
import { type Fill, fillShape, stroke } from "@/lib/portrait/shapes.ts";
import type { Photo } from "@/lib/types.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";

export interface Act extends BareAct {
  /** Where the middle of a hand before the face is, as x and y. */
  readonly hand?: readonly [x: number, y: number];
}

/** An actor whose hand may pass before the face; of the built-in model unless another is given. */
export class DrawnActor extends BareActor {
  readonly #size: number;
  /** Pixels. */
  readonly #handWidth: number;

  constructor(
    { model = builtInFace(), headShare = 0.16, ...options }: Partial<ActorOptions> & Omit<ActorOptions, "model">,
  ) {
    super({ model, headShare, ...options });
    this.#size = options.size;
    this.#handWidth = 0.4 * headShare * options.size;
  }

  override draw({ hand, ...act }: Act): DrawnFrame {
    if (!hand) return super.draw(act);
    const [x, y] = hand.map((share) => this.#size * (0.5 + share)) as [number, number];
    return super.draw(act, (film, { skin, brightness }) =>
      paintHand(film, { x, y, width: this.#handWidth }, {
        from: times(skin, 0.9 * brightness),
        to: times(skin, 0.7 * brightness),
        round: 0.6,
        softness: 1.5,
      }));
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
