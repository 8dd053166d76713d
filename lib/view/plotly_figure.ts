/** What Plotly draws; as the value of a notebook's cell it shows itself, where the notebook has Plotly. */
export class PlotlyFigure {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;

  /** Traces, layout and configuration as https://plotly.com/javascript/reference/ has them. */
  constructor(
    { data, layout, config = {} }: Pick<PlotlyFigure, "data" | "layout"> & Partial<Pick<PlotlyFigure, "config">>,
    readonly caption: string,
  ) {
    this.data = data;
    this.layout = layout;
    this.config = config;
  }

  [Symbol.for("Jupyter.display")](): Record<string, unknown> {
    const { data, layout, config } = this;
    return { "application/vnd.plotly.v1+json": { data, layout, config }, "text/plain": this.caption };
  }
}
