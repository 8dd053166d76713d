import { type FoldedNode, type KernelShape, paddingOf } from "@/lib/model/folded_network.ts";

/** A kernel whose output channels, along the axis, are scaled each by its own factor. */
export function scaled(
  kernel: Float32Array,
  { shape, axis, scale }: {
    readonly shape: KernelShape;
    readonly axis: 2 | 3;
    readonly scale: Float32Array | undefined;
  },
): Float32Array {
  if (!scale) return kernel;
  const stride = axis === 3 ? 1 : shape[3];
  return kernel.map((value, i) => value * scale[Math.floor(i / stride) % scale.length]!);
}

/** The kernel turned by half a turn, its last axes exchanged. */
export function turn(kernel: Float32Array, [height, width, channels, inputs]: KernelShape): Float32Array {
  const turned = new Float32Array(kernel.length);
  const taps = height * width;
  for (let tap = 0; tap < taps; tap++) {
    const [from, to] = [tap * channels * inputs, (taps - 1 - tap) * channels * inputs];
    for (let o = 0; o < channels; o++) {
      for (let i = 0; i < inputs; i++) turned[to + i * channels + o] = kernel[from + o * inputs + i]!;
    }
  }
  return turned;
}

/**
 * The kernel [3, 3, inputs, 4 · channels] that gives of texels what a kernel [3, 3, inputs, channels] gives of them when
 * each has been doubled both ways: for the upper left of four, the upper right, the lower left, the lower right.
 */
export function kernelBeforeDoubling(
  kernel: Float32Array,
  { inputs, channels }: { readonly inputs: number; readonly channels: number },
): Float32Array {
  const result = new Float32Array(kernel.length * 4);
  for (let half = 0; half < 4; half++) {
    for (let tap = 0; tap < 9; tap++) {
      const row = tapBeforeDoubling(Math.floor(tap / 3), half >> 1);
      const column = tapBeforeDoubling(tap % 3, half & 1);
      for (let i = 0; i < inputs; i++) {
        const from = (tap * inputs + i) * channels;
        const to = ((row * 3 + column) * inputs + i) * 4 * channels + half * channels;
        for (let c = 0; c < channels; c++) result[to + c]! += kernel[from + c]!;
      }
    }
  }
  return result;
}

/** Where a tap of three around a texel's first or second half falls among the three around the texel. */
function tapBeforeDoubling(tap: number, half: number): number {
  return Math.floor((half + tap - 1) / 2) + 1;
}

/** What a transposed convolution's kernel is for. */
type TransposedShape = Pick<
  Extract<FoldedNode, { operation: "transposed convolution" }>,
  "kernelShape" | "strides" | "shape" | "padding"
>;

/** For each place of an output texel between two of the input: the kernel's taps that see the input's, first texel first. */
export function phasesOf({ kernelShape, strides, shape, padding }: TransposedShape, axis: 0 | 1) {
  const [kernel, stride] = [kernelShape[axis], strides[axis]];
  const [padded] = paddingOf(padding, { length: shape[axis]!, kernel, stride });
  return Array.from({ length: stride }, (_, place) => {
    const first = (place + padded) % stride, after = Math.floor((place + padded) / stride);
    const taps = Array.from({ length: Math.ceil((kernel - first) / stride) }, (_, i) => first + stride * i).reverse();
    return { taps, before: taps.length - 1 - after, after };
  });
}

/** A kernel of these rows and columns alone. */
export function pickTaps(
  kernel: Float32Array,
  [, width, ...channels]: readonly number[],
  [rows, columns]: readonly [readonly number[], readonly number[]],
): Float32Array {
  const length = channels.reduce((product, count) => product * count, 1);
  const picked = new Float32Array(rows.length * columns.length * length);
  rows.forEach((row, y) =>
    columns.forEach((column, x) => {
      const from = length * (row * width! + column);
      picked.set(kernel.subarray(from, from + length), length * (y * columns.length + x));
    })
  );
  return picked;
}

/** An array of this shape with its axes in another order. */
export function permuted(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const lengths = order.map((axis) => shape[axis]!), steps = order.map((axis) => strides[axis]!);
  const result = new Float32Array(values.length);
  const place = lengths.map(() => 0);
  for (let i = 0, from = 0; i < result.length; i++) {
    result[i] = values[from]!;
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++place[axis]! < lengths[axis]!) break;
      from -= lengths[axis]! * steps[axis]!;
      place[axis] = 0;
    }
  }
  return result;
}
