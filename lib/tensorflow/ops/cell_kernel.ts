/**
 * [2, 2, channels, factor · factor · channels]: what each of the four nodes around a cell gives to each of its texels, in
 * bilinear upsampling by a factor. A cell's texels are in rows, each with its channels.
 */
export function cellKernel(factor: number, channels: number): Float32Array {
  const share = (node: number, texel: number) => node === 0 ? 1 - texel / factor : texel / factor;
  const kernel = new Float32Array(4 * channels * factor * factor * channels);
  let next = 0;
  for (const [y, x] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
    for (let from = 0; from < channels; from++) {
      for (let row = 0; row < factor; row++) {
        for (let column = 0; column < factor; column++) {
          kernel[next + from] = share(y, row) * share(x, column);
          next += channels;
        }
      }
    }
  }
  return kernel;
}
