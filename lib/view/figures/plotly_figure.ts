import { encodeJpeg } from "@/lib/data/files/images.ts";
import type { Photo } from "@/lib/types.ts";
import { lineStill, type PlotlyContent } from "@/lib/view/figures/plotly_still.ts";

/** A picture of a figure for where no script runs: raster, or the source of an SVG. */
export type Still = Photo | string;

/** What Plotly draws; as the value of a notebook's cell it shows itself, where the notebook has Plotly, or its still. */
export class PlotlyFigure {
  readonly data: PlotlyContent["data"];
  readonly layout: PlotlyContent["layout"];
  readonly config: Readonly<Record<string, unknown>>;
  readonly #still: Still | undefined | (() => Still | Promise<Still>);

  /**
   * Traces, layout and configuration as https://plotly.com/javascript/reference/ has them; the still, or a function
   * that draws it once it is wanted.
   */
  constructor(
    { data, layout, config = {} }: PlotlyContent & { readonly config?: Readonly<Record<string, unknown>> },
    readonly caption: string,
    { still = lineStill({ data, layout }, caption) }: {
      readonly still?: Still | undefined | (() => Still | Promise<Still>);
    } = {},
  ) {
    this.data = data;
    this.layout = layout;
    this.config = config;
    this.#still = still;
  }

  /** Undefined where none was given, and the figure is not one of lines, of which an SVG is drawn. */
  async drawStill(): Promise<Still | undefined> {
    return typeof this.#still === "function" ? await this.#still() : this.#still;
  }

  async [Symbol.for("Jupyter.display")](): Promise<Record<string, unknown>> {
    const { data, layout, config } = this;
    const still = await this.drawStill();
    return {
      "application/vnd.plotly.v1+json": { data, layout, config },
      ...typeof still === "string" && { "image/svg+xml": still },
      ...typeof still === "object" && { "image/jpeg": (await encodeJpeg(still)).toBase64() },
      "text/plain": this.caption,
    };
  }
}
