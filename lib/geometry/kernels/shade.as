/** Numbers of colorSources in lib/portrait/head_mesh.ts. */
const TEXTURE: u8 = 0, EYE: u8 = 2, HAIR: u8 = 3, TORSO: u8 = 4;
/** The kind of a pixel that shows nothing. */
const NOTHING: u8 = 255;

// @ts-ignore: decorator
@inline
function lerp3(at: usize, a: u32, b: u32, c: u32, wa: v128, wb: v128, wc: v128): v128 {
  return f32x4.add(
    f32x4.mul(wa, v128.load(at + <usize>(12 * a))),
    f32x4.add(f32x4.mul(wb, v128.load(at + <usize>(12 * b))), f32x4.mul(wc, v128.load(at + <usize>(12 * c)))),
  );
}

// @ts-ignore: decorator
@inline
function store3(at: usize, value: v128): void {
  v128.store64_lane(at, value, 0);
  v128.store32_lane(at, value, 2, 8);
}

/**
 * See lib/portrait/head_pixels.ts: skin is lit by its relief, too, heights f32 [textureSize²] in texels, as `slopes` f32
 * [vertexCount, 3] and `lamp` f32 [4] say: what a slope of 1 along u and v adds of the lamp's light, and how much of it is there to be
 * taken away. Also writes each pixel's source, or 255, into kinds u8.
 */
export function shadePixels(
  rgb: usize, kinds: usize, n: i32,
  triangle: usize, second: usize, third: usize,
  triangles: usize, sources: usize, corners: usize,
  albedo: usize, textureSize: i32, eyeRamp: usize, eyeSteps: i32, toStep: f32, irisDistances: usize,
  light: usize, shine: usize, colors: usize, modelVertices: u32,
  strands: usize, strandColumns: i32, strandRows: i32, contrast: f32, shift: i32,
  relief: usize, slopes: usize, lamp: usize,
): void {
  const texelEnd = textureSize - 2;
  const vertexAlbedo = albedo + <usize>(12 * textureSize * textureSize);
  const row = <usize>(12 * textureSize), reliefRow = <usize>(4 * textureSize);
  const lampColor = v128.load(lamp);
  for (let k: i32 = 0; k < n; k++) {
    const t = load<i32>(triangle + <usize>(4 * k));
    if (t < 0) {
      store<u8>(kinds + <usize>k, NOTHING);
      continue;
    }
    const b1 = load<f32>(second + <usize>(4 * k)), c1 = load<f32>(third + <usize>(4 * k)), a1: f32 = 1 - b1 - c1;
    const wa = f32x4.splat(a1), wb = f32x4.splat(b1), wc = f32x4.splat(c1);
    const at = triangles + <usize>(12 * t);
    const a = load<u32>(at), b = load<u32>(at, 4), c = load<u32>(at, 8);
    const source = load<u8>(sources + <usize>t);
    store<u8>(kinds + <usize>k, source);
    const place = corners + <usize>(24 * t);
    let color: v128, bump: f32 = 0;
    if (source == TEXTURE) {
      // Between the four nearest texels; the texture reaches beyond the surface's border.
      const x = a1 * load<f32>(place) + b1 * load<f32>(place, 8) + c1 * load<f32>(place, 16) - 0.5;
      const y = a1 * load<f32>(place, 4) + b1 * load<f32>(place, 12) + c1 * load<f32>(place, 20) - 0.5;
      const left = min(max(<i32>x, 0), texelEnd), top = min(max(<i32>y, 0), texelEnd);
      const u = x - <f32>left, v = y - <f32>top;
      const w11 = u * v, w10 = v - w11, w01 = u - w11, w00: f32 = 1 - u - w10;
      const texel = albedo + <usize>top * row + <usize>(12 * left);
      color = f32x4.add(
        f32x4.add(
          f32x4.mul(f32x4.splat(w00), v128.load(texel)),
          f32x4.mul(f32x4.splat(w01), v128.load(texel, 12)),
        ),
        f32x4.add(
          f32x4.mul(f32x4.splat(w10), v128.load(texel + row)),
          f32x4.mul(f32x4.splat(w11), v128.load(texel + row, 12)),
        ),
      );
      const height = relief + <usize>top * reliefRow + <usize>(4 * left);
      const h00 = load<f32>(height), h01 = load<f32>(height, 4);
      const h10 = load<f32>(height + reliefRow), h11 = load<f32>(height + reliefRow, 4);
      const alongU = h01 - h00 + v * (h11 - h10 - h01 + h00), alongV = h10 - h00 + u * (h11 - h01 - h10 + h00);
      const sa = slopes + <usize>(12 * a), sb = slopes + <usize>(12 * b), sc = slopes + <usize>(12 * c);
      bump = max<f32>(
        alongU * (a1 * load<f32>(sa) + b1 * load<f32>(sb) + c1 * load<f32>(sc)) +
          alongV * (a1 * load<f32>(sa, 4) + b1 * load<f32>(sb, 4) + c1 * load<f32>(sc, 4)),
        -(a1 * load<f32>(sa, 8) + b1 * load<f32>(sb, 8) + c1 * load<f32>(sc, 8)),
      );
    } else if (source == HAIR || source == TORSO) {
      color = lerp3(colors, a - modelVertices, b - modelVertices, c - modelVertices, wa, wb, wc);
      if (source == HAIR) {
        const x = a1 * load<f32>(place) + b1 * load<f32>(place, 8) + c1 * load<f32>(place, 16);
        const y = a1 * load<f32>(place, 4) + b1 * load<f32>(place, 12) + c1 * load<f32>(place, 20);
        const strand = min(strandRows - 1, <i32>y) * strandColumns + (<i32>x + shift) % strandColumns;
        const shade = max(<f32>0.1, 1 + contrast * load<f32>(strands + <usize>(4 * strand)));
        color = f32x4.mul(color, f32x4.splat(shade));
      }
    } else if (source == EYE) {
      const distance = a1 * load<f32>(irisDistances + <usize>(4 * a)) + b1 * load<f32>(irisDistances + <usize>(4 * b)) +
        c1 * load<f32>(irisDistances + <usize>(4 * c));
      color = v128.load(eyeRamp + <usize>(12 * min(eyeSteps - 1, <i32>(distance * toStep))));
    } else color = lerp3(vertexAlbedo, a, b, c, wa, wb, wc);
    const smooth = lerp3(light, a, b, c, wa, wb, wc);
    const lit = f32x4.mul(color, f32x4.add(smooth, f32x4.mul(lampColor, f32x4.splat(bump))));
    // a highlight is narrow: slopes change it several times as much
    const gleam: f32 = min<f32>(max<f32>(1 + GLEAM * bump, 0), 3);
    store3(rgb + <usize>(12 * k), f32x4.add(lit, f32x4.mul(f32x4.splat(gleam), lerp3(shine, a, b, c, wa, wb, wc))));
  }
}

/** How many times as much as diffuse light a highlight changes with a slope. */
const GLEAM: f32 = 6;

/** Pixels of depth from one pixel to the next that make an edge: a steep slope has fewer. */
const STEP: f32 = 3;

// @ts-ignore: decorator
@inline
function differs(kinds: usize, depth: usize, k: i32, other: i32): v128 {
  const step = f32x4.sub(v128.load(depth + <usize>(4 * k)), v128.load(depth + <usize>(4 * other)));
  const mine = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(kinds + <usize>k)));
  const theirs = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(kinds + <usize>other)));
  return v128.or(i32x4.ne(mine, theirs), f32x4.gt(f32x4.abs(step), f32x4.splat(STEP)));
}

/**
 * Softens the stairs that one sample a pixel leaves where kinds u8 or depth f32 change from pixel to pixel: there, each
 * pixel of rgb becomes the mean of its surroundings, weighted 1 : 2 : 1 across and down. isEdge u8 [n] and means f32
 * [3 n] are scratch, the width a multiple of 4.
 */
export function softenPixels(
  rgb: usize, width: i32, height: i32, kinds: usize, depth: usize, isEdge: usize, means: usize,
): void {
  const row = <usize>(12 * width);
  memory.fill(isEdge, 0, <usize>(width * height));
  for (let y: i32 = 0; y + 1 < height; y++) {
    for (let x: i32 = 0; x < width; x += 4) {
      const k = y * width + x;
      const across = i32x4.bitmask(differs(kinds, depth, k, k + 1)) & (x + 4 == width ? 7 : 15);
      const down = i32x4.bitmask(differs(kinds, depth, k, k + width));
      if ((across | down) == 0) continue;
      for (let i: i32 = 0; i < 4; i++) {
        const at = isEdge + <usize>(k + i);
        if ((across >> i) & 1) store<u16>(at, 257);
        if ((down >> i) & 1) {
          store<u8>(at, 1);
          store<u8>(at + <usize>width, 1);
        }
      }
    }
  }
  const quarter = f32x4.splat(0.25), half = f32x4.splat(0.5);
  let next = means;
  for (let y: i32 = 1; y + 1 < height; y++) {
    for (let x: i32 = 1; x + 1 < width; x++) {
      if (!load<u8>(isEdge + <usize>(y * width + x))) continue;
      const at = rgb + <usize>(12 * (y * width + x));
      const left = column(at - 12, row), middle = column(at, row), right = column(at + 12, row);
      v128.store(next, f32x4.add(f32x4.mul(f32x4.add(left, right), quarter), f32x4.mul(middle, half)));
      next += 12;
    }
  }
  next = means;
  for (let y: i32 = 1; y + 1 < height; y++) {
    for (let x: i32 = 1; x + 1 < width; x++) {
      if (!load<u8>(isEdge + <usize>(y * width + x))) continue;
      store3(rgb + <usize>(12 * (y * width + x)), v128.load(next));
      next += 12;
    }
  }
}

/** The mean of a pixel and those above and below, 1 : 2 : 1. */
// @ts-ignore: decorator
@inline
function column(at: usize, row: usize): v128 {
  const around = f32x4.add(v128.load(at - row), v128.load(at + row));
  return f32x4.add(f32x4.mul(around, f32x4.splat(0.25)), f32x4.mul(v128.load(at), f32x4.splat(0.5)));
}
