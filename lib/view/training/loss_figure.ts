import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import type { Config } from "@/lib/config.ts";
import { Formula } from "@/lib/view/figures/formula.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";

/** The two losses of positions, as `positionLoss` of lib/train/loss.ts computes them. */
export const lossFormulas: Readonly<Record<Config["loss"], Formula>> = {
  mse: lossFormula(String.raw`\mathrm{mse}`, String.raw`(P_{buvc} - \tilde P_{buvc})^2`, "squared"),
  l1: lossFormula(String.raw`\ell_1`, String.raw`|P_{buvc} - \tilde P_{buvc}|`, "absolute"),
};

function lossFormula(name: string, error: string, kind: string): Formula {
  const mean = String
    .raw`\frac{1}{B \sum_{c} w_{c} \sum_{u,v} W_{uv}} \sum_{b=1}^{B} \, \sum_{u,v} W_{uv} \sum_{c \in \{x,y,z\}} w_{c}`;
  return new Formula(
    String.raw`\mathcal{L}_{${name}}(P, \tilde P) = ${mean} ${error}`,
    `The mean over batch b, texels u, v and coordinates c of ${kind} errors, each weighted by the mask W, and depth by w_z beside 1 of x and y`,
  );
}

/** Formulas beside the code that computes them; as the value of a notebook's cell, typeset and colored there. */
export class LossFigure {
  constructor(readonly formulas: readonly Formula[], readonly code: string, readonly caption: string) {}

  /** Formulas as MathML, and the code as it stands. */
  toHtml(): string {
    const formulas = this.formulas.map((formula) => formula.toHtml()).join("");
    return `<div>${formulas}<pre style="background: #f6f7f9; padding: 12px; overflow-x: auto; font-size: 12px; ` +
      `text-align: left"><code>${escapeHtml(this.code)}</code></pre></div>`;
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    const formulas = this.formulas.map(({ latex }) => `$$${latex}$$\n\n`).join("");
    return { "text/markdown": `${formulas}\`\`\`ts\n${this.code}\n\`\`\`\n`, "text/plain": this.caption };
  }
}

/** The loss of a kind, or both, typeset, with the source of `positionLoss` as this copy of the library runs it. */
export async function lossFigure({ loss }: Partial<Pick<Config, "loss">> = {}): Promise<LossFigure> {
  const formulas = loss ? [lossFormulas[loss]] : Object.values(lossFormulas);
  const code = await sourceOf(new URL("../../train/loss.ts", import.meta.url), "positionLoss");
  return new LossFigure(formulas, code, `${formulas.map(({ caption }) => caption).join("; ")}: positionLoss()`);
}

/** An exported function as it stands in its module, its documentation before it. */
export async function sourceOf(module: URL, name: string): Promise<string> {
  const source = await Deno.readTextFile(module);
  const found = source.match(
    new RegExp(`(/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?export (async )?function ${name}\\b[^]*?\\n}\\n`),
  );
  if (!found) throw new InputError(`Cannot show ${name}: ${fileURLToPath(module)} exports no such function`);
  return found[0].trimEnd();
}
