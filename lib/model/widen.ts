import * as tf from "@tensorflow/tfjs";
import { channelsOf, inputsOf } from "@/lib/model/layers.ts";
import { valuesOf } from "@/lib/model/normalization.ts";

/**
 * What a wider network is to have as its weights, by their names, so that it computes what a narrower one of its kind does and goes
 * on from there: channels that were there have their weights, and new ones, whose own weights stay as they are, are not seen by
 * these at first. (Net2Net, Chen et al., 2016, arXiv 1511.05641, keeps what a network computes by channels that are there twice.)
 * The weights of layers that the narrower one lacks are not among them, nor those of outputs of another length.
 */
export function widenedWeights(narrow: tf.LayersModel, wide: tf.LayersModel): Map<string, tf.Tensor> {
  const given = new Map(narrow.layers.map((layer) => [layer.name, layer]));
  return new Map(wide.layers.flatMap((layer) => {
    const counterpart = given.get(layer.name);
    if (!counterpart || isOutput(layer) && channelsAfter(layer) !== channelsAfter(counterpart)) return [];
    return layer.weights.map(({ originalName, shape }, i) =>
      [originalName, tf.tensor(widenedWeight(counterpart, layer, i), shape as number[])] as const
    );
  }));
}

function widenedWeight(narrow: tf.layers.Layer, wide: tf.layers.Layer, index: number): Float32Array {
  const given = valuesOf(narrow.weights[index]!), values = valuesOf(wide.weights[index]!).slice();
  const outputs = outputAxis(narrow, wide);
  if (wide.weights[index]!.shape.length > 1) {
    const inputs = inputAxis(inputsOf(narrow)[0]!, inputsOf(wide)[0]!);
    return widenedKernel(given, values, { inputs, outputs, isTransposed: wide.getClassName() === "Conv2DTranspose" });
  }
  outputs.places.forEach((to, from) => values[to] = given[from]!);
  return values;
}

/** Where what a narrower network has along an axis stands along that of a wider one. */
interface WidenedAxis {
  /** For each of the narrower network's. */
  readonly places: Uint32Array;
  /** Length of the wider network's axis. */
  readonly length: number;
}

interface KernelAxes {
  readonly inputs: WidenedAxis;
  readonly outputs: WidenedAxis;
  /** Whether outputs come before inputs in a kernel's shape, whose last two axes they are. */
  readonly isTransposed: boolean;
}

/** The wider kernel, in `values`, of which new outputs stay as they are. */
function widenedKernel(
  given: Float32Array,
  values: Float32Array,
  { inputs, outputs, isTransposed }: KernelAxes,
): Float32Array {
  const [rows, columns] = isTransposed ? [outputs, inputs] : [inputs, outputs];
  const tapLength = rows.length * columns.length, givenLength = rows.places.length * columns.places.length;
  for (let tap = 0; tap < values.length / tapLength; tap++) {
    for (const output of outputs.places) { // sees nothing of new inputs
      for (let input = 0; input < inputs.length; input++) {
        const [row, column] = isTransposed ? [output, input] : [input, output];
        values[tap * tapLength + row * columns.length + column] = 0;
      }
    }
    rows.places.forEach((row, r) =>
      columns.places.forEach((column, c) =>
        values[tap * tapLength + row * columns.length + column] =
          given[tap * givenLength + r * columns.places.length + c]!
      )
    );
  }
  return values;
}

/** The axis of what a layer takes: where features were flattened, each place has all channels. */
function inputAxis(narrow: tf.SymbolicTensor, wide: tf.SymbolicTensor): WidenedAxis {
  const parts = (tensor: tf.SymbolicTensor) => inputsOf(tensor.sourceLayer);
  switch (wide.sourceLayer.getClassName()) {
    case "Flatten": {
      const [before, after] = [narrow, wide].map((tensor) => parts(tensor)[0]!.shape.slice(1) as number[]);
      return axisOf(before!, after!);
    }
    case "Concatenate":
      return joined(parts(narrow).map((part, i) => inputAxis(part, parts(wide)[i]!)));
    default:
      return axisOf([channelsOf(narrow)], [channelsOf(wide)]);
  }
}

/** The axis of what a layer gives, which, where it is flat, may be reshaped to features of several places. */
function outputAxis(narrow: tf.layers.Layer, wide: tf.layers.Layer): WidenedAxis {
  const [before, after] = [narrow, wide].map((layer) => {
    const next = layer.outboundNodes[0]?.outboundLayer, isFlat = layer.outputShape.length === 2;
    const { outputShape } = isFlat && next?.getClassName() === "Reshape" ? next : layer;
    return isFlat ? (outputShape as number[]).slice(1) : [channelsAfter(layer)];
  });
  return axisOf(before!, after!);
}

/** The axis of a shape that is flattened: each place of the narrower one is at the same coordinates in the wider one. */
function axisOf(narrow: readonly number[], wide: readonly number[]): WidenedAxis {
  const lengthOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const places = Uint32Array.from({ length: lengthOf(narrow) }, (_, place) => {
    let to = 0, stride = 1;
    for (let axis = narrow.length - 1; axis >= 0; axis--) {
      to += place % narrow[axis]! * stride;
      place = Math.floor(place / narrow[axis]!);
      stride *= wide[axis]!;
    }
    return to;
  });
  return { places, length: lengthOf(wide) };
}

function joined(axes: readonly WidenedAxis[]): WidenedAxis {
  let length = 0;
  const places = axes.flatMap((axis) => {
    const start = length;
    length += axis.length;
    return Array.from(axis.places, (place) => start + place);
  });
  return { places: Uint32Array.from(places), length };
}

function isOutput({ outboundNodes }: tf.layers.Layer): boolean {
  return outboundNodes.length === 0;
}

function channelsAfter({ outputShape }: tf.layers.Layer): number {
  return (outputShape as number[]).at(-1)!;
}
