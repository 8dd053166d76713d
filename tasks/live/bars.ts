import { element } from "./dom.ts";
import type { LiveFace } from "./protocol.ts";

/** A bar for each expression that the model says; the card is there only then. */
export class ExpressionBars {
  readonly #bars: readonly HTMLElement[];
  readonly #shown: number[] = [];

  constructor(names: readonly string[]) {
    element("expression").hidden = names.length === 0;
    this.#bars = names.map(() => document.createElement("i"));
    element("bars").replaceChildren(...names.map((name, i) => {
      const row = document.createElement("div"), track = document.createElement("b");
      row.className = "bar";
      track.append(this.#bars[i]!);
      row.append(readable(name), track);
      return row;
    }));
  }

  show(face: LiveFace | undefined): void {
    this.#bars.forEach((bar, i) => {
      const percent = Math.round(100 * (face?.expressions[i] ?? 0));
      if (percent !== this.#shown[i]) bar.style.transform = `scaleX(${percent / 100})`;
      this.#shown[i] = percent;
    });
  }
}

/** `mouthSmile_L` as "Mouth smile L". */
function readable(name: string): string {
  const words = name.replace("_", " ").replace(/[a-z](?=[A-Z])/g, "$& ");
  return words[0]!.toUpperCase() + words.slice(1).replace(/[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
}
