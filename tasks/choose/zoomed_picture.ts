import { clamp } from "@/lib/numbers.ts";

/** What a click enlarges a picture by, and two fingers at most. */
const [CLICKED, MOST] = [2.5, 5];
/** CSS pixels that a finger may move in a tap. */
const TREMOR = 10;

type Place = readonly [x: number, y: number];

/** A picture in a frame: enlarged by a click, of which all can be seen by moving the mouse, or by fingers that pull and part. */
export class ZoomedPicture {
  readonly #frame: HTMLElement;
  readonly #picture: HTMLElement;
  /** Where fingers are, in CSS pixels of the window. */
  readonly #fingers = new Map<number, Place>();
  /** Where the one finger came down that has not moved since. */
  #tapped: Place | undefined;
  #scale = 1;
  /** The point that stays in its place, in shares of the frame's sides. */
  #origin: Place = [0.5, 0.5];

  constructor(frame: HTMLElement, picture: HTMLElement) {
    this.#frame = frame;
    this.#picture = picture;
    // of a finger that taps soon after it has pulled, browsers tell no click
    frame.onclick = (event) => {
      if ((event as PointerEvent).pointerType !== "touch") this.#toggle([event.clientX, event.clientY]);
    };
    frame.onpointerdown = ({ pointerType, pointerId, clientX, clientY }) => {
      if (pointerType !== "touch") return;
      this.#fingers.set(pointerId, [clientX, clientY]);
      this.#tapped = this.#fingers.size === 1 ? [clientX, clientY] : undefined;
    };
    frame.onpointerup = frame.onpointercancel = ({ type, pointerId }) => {
      this.#fingers.delete(pointerId);
      if (this.#tapped && type === "pointerup") this.#toggle(this.#tapped);
      this.#tapped = undefined;
    };
    frame.onpointermove = ({ pointerType, pointerId, clientX, clientY }) => {
      if (pointerType !== "touch") this.#show(this.#scale, this.#shareAt([clientX, clientY]));
      else if (this.#fingers.has(pointerId)) this.#pull(pointerId, [clientX, clientY]);
    };
  }

  reset(): void {
    this.#fingers.clear();
    this.#tapped = undefined;
    this.#show(1, [0.5, 0.5]);
  }

  #toggle(place: Place): void {
    this.#show(this.#scale > 1 ? 1 : CLICKED, this.#shareAt(place));
  }

  /** Keeps what of the picture is under the fingers there as one of them moves. */
  #pull(finger: number, to: Place): void {
    if (this.#tapped) {
      if (spread([this.#tapped, to]).width <= TREMOR) return;
      this.#tapped = undefined;
    }
    const before = spread([...this.#fingers.values()]);
    this.#fingers.set(finger, to);
    const after = spread([...this.#fingers.values()]);
    const scale = clamp(this.#scale * (before.width > 0 ? after.width / before.width : 1), 1, MOST);
    const [from, now] = [this.#shareAt(before.middle), this.#shareAt(after.middle)];
    const origin = [0, 1].map((axis) => {
      const seen = this.#origin[axis]! + (from[axis]! - this.#origin[axis]!) / this.#scale;
      return scale > 1 ? (seen * scale - now[axis]!) / (scale - 1) : 0.5;
    });
    this.#show(scale, origin as unknown as Place);
  }

  #show(scale: number, origin: Place): void {
    const [x, y] = origin.map((share) => clamp(share, 0, 1)) as [number, number];
    this.#scale = scale;
    this.#origin = [x, y];
    this.#frame.toggleAttribute("data-zoomed", scale > 1);
    Object.assign(this.#picture.style, { scale: String(scale), transformOrigin: `${100 * x}% ${100 * y}%` });
  }

  #shareAt([clientX, clientY]: Place): Place {
    const { left, top, width, height } = this.#frame.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }
}

/** How far two fingers are apart, and their middle; of one, itself. */
function spread([[ax, ay] = [0, 0], [bx, by] = [ax, ay]]: readonly Place[]): { width: number; middle: Place } {
  return { width: Math.hypot(bx - ax, by - ay), middle: [(ax + bx) / 2, (ay + by) / 2] };
}
