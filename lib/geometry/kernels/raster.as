/** Vertices are rounded to 1/1024 of a pixel, as in lib/geometry/rasterize.ts, which this follows. */
const GRID_BITS: i32 = 10;
const GRID: i32 = 1 << GRID_BITS;
const HALF: i32 = GRID / 2;
const REACH: f32 = <f32>((1 << 15) * GRID);
const SMALL: i32 = 16 * GRID;
const NOWHERE: i32 = 1 << 27;

/** positions [count, 3] f32 to grid [count, 2] i32. */
export function snapToGrid(positions: usize, count: i32, grid: usize): void {
  for (let v: i32 = 0; v < count; v++) {
    const at = positions + <usize>(12 * v);
    const x = load<f32>(at) * <f32>GRID, y = load<f32>(at, 4) * <f32>GRID, z = load<f32>(at, 8);
    const usable = abs(x) < REACH && abs(y) < REACH && abs(z) < f32.MAX_VALUE;
    store<i32>(grid + <usize>(8 * v), usable ? <i32>floor(x + 0.5) : NOWHERE);
    store<i32>(grid + <usize>(8 * v), usable ? <i32>floor(y + 0.5) : NOWHERE, 4);
  }
}

/** Fills n numbers. */
function fill(at: usize, value: v128, n: i32): void {
  for (let i: i32 = 0; i < n; i += 4) v128.store(at + <usize>(4 * i), value);
}

/**
 * Front faces of triangles [count, 3] u32 into [height, width]: triangle i32, depth f32, and the weights f32 of the
 * second and the third corner. The width is a multiple of 4.
 */
export function rasterizeFronts(
  triangles: usize, count: i32, grid: usize, positions: usize,
  width: i32, height: i32, triangle: usize, depth: usize, second: usize, third: usize,
): void {
  fill(triangle, i32x4.splat(-1), width * height);
  fill(depth, f32x4.splat(-Infinity), width * height);
  const lanes = i32x4(0, 1, 2, 3);
  for (let t: i32 = 0; t < count; t++) {
    const corner = triangles + <usize>(12 * t);
    // Corners two and three change places: what faces the viewer turns counter-clockwise.
    const a = load<u32>(corner), c = load<u32>(corner, 4), b = load<u32>(corner, 8);
    const ax = load<i32>(grid + <usize>(8 * a)), ay = load<i32>(grid + <usize>(8 * a), 4);
    const bx = load<i32>(grid + <usize>(8 * b)), by = load<i32>(grid + <usize>(8 * b), 4);
    const cx = load<i32>(grid + <usize>(8 * c)), cy = load<i32>(grid + <usize>(8 * c), 4);
    const area: i64 = <i64>(bx - ax) * <i64>(cy - ay) - <i64>(by - ay) * <i64>(cx - ax);
    if (area <= 0) continue;
    const left = least(ax, bx, cx), right = most(ax, bx, cx), top = least(ay, by, cy), bottom = most(ay, by, cy);
    const firstColumn = max((left + HALF - 1) >> GRID_BITS, 0);
    const lastColumn = min((right - HALF) >> GRID_BITS, width - 1);
    const firstRow = max((top + HALF - 1) >> GRID_BITS, 0);
    const lastRow = min((bottom - HALF) >> GRID_BITS, height - 1);
    if (firstColumn > lastColumn || firstRow > lastRow || right == NOWHERE) continue;

    const aStepX = by - cy, aStepY = cx - bx, bStepX = cy - ay, bStepY = ax - cx, cStepX = ay - by, cStepY = bx - ax;
    const aBias: i32 = aStepX > 0 || (aStepX == 0 && aStepY > 0) ? 0 : 1;
    const bBias: i32 = bStepX > 0 || (bStepX == 0 && bStepY > 0) ? 0 : 1;
    const cBias: i32 = cStepX > 0 || (cStepX == 0 && cStepY > 0) ? 0 : 1;
    const x = firstColumn * GRID + HALF, y = firstRow * GRID + HALF;
    const az = load<f32>(positions + <usize>(12 * a), 8);
    const scale: f32 = 1 / <f32>area;
    const bz = (load<f32>(positions + <usize>(12 * b), 8) - az) * scale;
    const cz = (load<f32>(positions + <usize>(12 * c), 8) - az) * scale;
    if (right - left < SMALL && bottom - top < SMALL) {
      // Four pixels at a time; those beside the triangle's box are outside of it.
      const start = firstColumn & ~3, skipped = (firstColumn - start) << GRID_BITS;
      const aFour = i32x4.mul(i32x4.splat(aStepX << GRID_BITS), lanes);
      const bFour = i32x4.mul(i32x4.splat(bStepX << GRID_BITS), lanes);
      const cFour = i32x4.mul(i32x4.splat(cStepX << GRID_BITS), lanes);
      let aRow = aStepY * (y - by) + aStepX * (x - skipped - bx) - aBias;
      let bRow = bStepY * (y - cy) + bStepX * (x - skipped - cx) - bBias;
      let cRow = cStepY * (y - ay) + cStepX * (x - skipped - ax) - cBias;
      for (let row = firstRow; row <= lastRow; row++) {
        let aEdge = aRow, bEdge = bRow, cEdge = cRow;
        for (let column = start; column <= lastColumn; column += 4) {
          const eb = i32x4.add(i32x4.splat(bEdge), bFour), ec = i32x4.add(i32x4.splat(cEdge), cFour);
          const outside = v128.or(v128.or(i32x4.add(i32x4.splat(aEdge), aFour), eb), ec);
          const inside = v128.not(i32x4.shr_s(outside, 31));
          const k = <usize>(4 * (row * width + column));
          const bPart = f32x4.convert_i32x4_s(i32x4.add(eb, i32x4.splat(bBias)));
          const cPart = f32x4.convert_i32x4_s(i32x4.add(ec, i32x4.splat(cBias)));
          const z = f32x4.add(
            f32x4.splat(az),
            f32x4.add(f32x4.mul(bPart, f32x4.splat(bz)), f32x4.mul(cPart, f32x4.splat(cz))),
          );
          // Without branches, which would be unpredictable: most triangles show a pixel or two.
          const before = v128.load(depth + k), nearer = v128.and(inside, f32x4.gt(z, before));
          v128.store(depth + k, v128.bitselect(z, before, nearer));
          put(triangle + k, i32x4.splat(t), nearer);
          put(third + k, f32x4.mul(bPart, f32x4.splat(scale)), nearer);
          put(second + k, f32x4.mul(cPart, f32x4.splat(scale)), nearer);
          aEdge += aStepX << (GRID_BITS + 2);
          bEdge += bStepX << (GRID_BITS + 2);
          cEdge += cStepX << (GRID_BITS + 2);
        }
        aRow += aStepY << GRID_BITS;
        bRow += bStepY << GRID_BITS;
        cRow += cStepY << GRID_BITS;
      }
      continue;
    }
    let aRow: i64 = <i64>aStepY * <i64>(y - by) + <i64>aStepX * <i64>(x - bx) - <i64>aBias;
    let bRow: i64 = <i64>bStepY * <i64>(y - cy) + <i64>bStepX * <i64>(x - cx) - <i64>bBias;
    let cRow: i64 = <i64>cStepY * <i64>(y - ay) + <i64>cStepX * <i64>(x - ax) - <i64>cBias;
    const aRight = <i64>aStepX << GRID_BITS, bRight = <i64>bStepX << GRID_BITS, cRight = <i64>cStepX << GRID_BITS;
    const aInverse = inverse(aRight), bInverse = inverse(bRight), cInverse = inverse(cRight);
    const columns = lastColumn - firstColumn;
    for (let row = firstRow; row <= lastRow; row++) {
      const from = max(max(stepsOutside(aRow, aInverse), stepsOutside(bRow, bInverse)), stepsOutside(cRow, cInverse));
      let aEdge = aRow + <i64>from * aRight, bEdge = bRow + <i64>from * bRight, cEdge = cRow + <i64>from * cRight;
      let column = from;
      for (; column <= columns && (aEdge | bEdge | cEdge) < 0; column++) {
        aEdge += aRight;
        bEdge += bRight;
        cEdge += cRight;
      }
      for (; column <= columns && (aEdge | bEdge | cEdge) >= 0; column++) {
        const k = <usize>(4 * (row * width + firstColumn + column));
        const bPart = <f32>(bEdge + <i64>bBias), cPart = <f32>(cEdge + <i64>cBias);
        const z = az + (bPart * bz + cPart * cz);
        if (z > load<f32>(depth + k)) {
          store<f32>(depth + k, z);
          store<i32>(triangle + k, t);
          store<f32>(third + k, bPart * scale);
          store<f32>(second + k, cPart * scale);
        }
        aEdge += aRight;
        bEdge += bRight;
        cEdge += cRight;
      }
      aRow += <i64>aStepY << GRID_BITS;
      bRow += <i64>bStepY << GRID_BITS;
      cRow += <i64>cStepY << GRID_BITS;
    }
  }
}

// @ts-ignore: decorator
@inline
function put(at: usize, value: v128, where: v128): void {
  v128.store(at, v128.bitselect(value, v128.load(at), where));
}

// @ts-ignore: decorator
@inline
function least(a: i32, b: i32, c: i32): i32 {
  const ab = select(a, b, a < b);
  return select(ab, c, ab < c);
}

// @ts-ignore: decorator
@inline
function most(a: i32, b: i32, c: i32): i32 {
  const ab = select(a, b, a > b);
  return select(ab, c, ab > c);
}

/** For {@linkcode stepsOutside}; 0 where no step to the right leads inside. */
// @ts-ignore: decorator
@inline
function inverse(step: i64): f64 {
  return step > 0 ? 1 / <f64>step : 0;
}

/** Steps to the right that leave an edge function below 0, nearly all of them. */
// @ts-ignore: decorator
@inline
function stepsOutside(edge: i64, inverse: f64): i32 {
  return edge >= 0 ? 0 : <i32>(<f64>-edge * inverse * 0.999999);
}

/** Lists each vertex that [n] triangle i32 shows, once, and marks it in isSeen u8; gives their number. */
export function markSeen(
  triangle: usize, n: i32, width: i32, triangles: usize, isSeen: usize, list: usize,
): i32 {
  let found: i32 = 0, last: i32 = -1;
  for (let k: i32 = 0; k < n; k++) {
    const t = load<i32>(triangle + <usize>(4 * k));
    if (t < 0 || t == last) continue;
    last = t;
    if (k >= width && t == load<i32>(triangle + <usize>(4 * (k - width)))) continue;
    for (let corner: usize = 0; corner < 12; corner += 4) {
      const vertex = load<u32>(triangles + <usize>(12 * t) + corner);
      if (load<u8>(isSeen + <usize>vertex)) continue;
      store<u8>(isSeen + <usize>vertex, 1);
      store<u32>(list + <usize>(4 * found++), vertex);
    }
  }
  return found;
}
