import katex from "katex";

/** A formula in LaTeX; as the value of a notebook's cell it is typeset there. */
export class Formula {
  constructor(readonly latex: string, readonly caption: string) {}

  /** MathML, which browsers typeset themselves: no script and no font is needed. */
  toHtml(): string {
    const markup = katex.renderToString(this.latex, { output: "mathml", displayMode: true, throwOnError: true });
    return markup.replace(/^<span class="katex">|<\/span>$/g, "");
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/latex": `$$${this.latex}$$`, "text/plain": this.caption };
  }
}
