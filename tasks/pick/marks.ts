import { type LandmarkLine, landmarkLines, landmarkParts, landmarksOfPart } from "@/lib/face/landmarks.ts";

const SVG = "http://www.w3.org/2000/svg";
/** CSS pixels. */
const [RADIUS, SELECTED_RADIUS] = [5, 7];

/** Where a landmark is on the canvas, in CSS pixels, and whether it faces the viewer. */
export interface Mark {
  readonly at: readonly [x: number, y: number];
  readonly isFacing: boolean;
}

/** The 68 landmarks over the picture of the head, with the lines that they lie on. */
export class Marks {
  readonly #circles: readonly SVGCircleElement[];
  readonly #lines: readonly { readonly line: LandmarkLine; readonly element: SVGPathElement }[];

  #shown: readonly Mark[] = [];

  constructor(svg: SVGSVGElement) {
    this.#lines = Object.values(landmarkLines).map((line) => {
      const element = document.createElementNS(SVG, "path");
      element.setAttribute("class", line.part);
      svg.append(element);
      return { line, element };
    });
    const circles: SVGCircleElement[] = [];
    for (const part of landmarkParts) {
      for (const landmark of landmarksOfPart(part)) {
        const circle = document.createElementNS(SVG, "circle");
        circle.setAttribute("class", part);
        circle.dataset.landmark = String(landmark);
        circle.append(document.createElementNS(SVG, "title"));
        circle.firstElementChild!.textContent = `${landmark}: ${part}`;
        circles[landmark] = circle;
        svg.append(circle);
      }
    }
    this.#circles = circles;
  }

  /** The nearest of those that face the viewer, where one is no further from this place of the canvas, in CSS pixels. */
  nearest([x, y]: Mark["at"], reach: number): number | undefined {
    const away = this.#shown.map(({ at, isFacing }) => isFacing ? Math.hypot(at[0] - x, at[1] - y) : Infinity);
    const least = Math.min(...away);
    return least <= reach ? away.indexOf(least) : undefined;
  }

  show(places: readonly Mark[], selected: number | undefined): void {
    this.#shown = places;
    this.#circles.forEach((circle, landmark) => {
      const { at: [x, y], isFacing } = places[landmark]!;
      circle.setAttribute("cx", x.toFixed(1));
      circle.setAttribute("cy", y.toFixed(1));
      circle.setAttribute("r", String(landmark === selected ? SELECTED_RADIUS : RADIUS));
      circle.classList.toggle("behind", !isFacing && landmark !== selected);
      circle.classList.toggle("selected", landmark === selected);
    });
    for (const { line, element } of this.#lines) {
      const numbers = line.closed ? [...line.landmarks, line.landmarks[0]!] : line.landmarks;
      const path = numbers.map((landmark, i) => {
        const [from, to] = [places[numbers[i - 1] ?? landmark]!, places[landmark]!];
        return `${from.isFacing && to.isFacing && i > 0 ? "L" : "M"}${to.at}`;
      });
      element.setAttribute("d", path.join(""));
    }
  }
}
