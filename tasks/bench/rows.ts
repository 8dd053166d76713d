import { median } from "@/lib/numbers.ts";

/** One figure, ours beside a peer's. */
export interface Row {
  readonly bench: string;
  readonly case: string;
  /** Median of the repetitions. */
  readonly ours: number;
  readonly peer: number | null;
  /** A rate, such as images/s, is better where it is higher; anything else where it is lower. */
  readonly unit: string;
  /** Above 1 where ours is better. */
  readonly ratio: number | null;
  readonly peerName: string | null;
  /** Whether the peer is the fastest of its kind, such as PyTorch in its better memory format. */
  readonly best: boolean;
  readonly repetitions: number;
  /** Lowest and highest. */
  readonly oursRange: Range;
  readonly peerRange: Range | null;
}

export type Range = readonly [lowest: number, highest: number];

export interface Comparison {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  /** One number a repetition. */
  readonly ours: readonly number[];
  readonly peer?: { readonly name: string; readonly values: readonly number[]; readonly best: boolean };
}

export function compare({ bench, case: name, unit, ours, peer }: Comparison): Row {
  const [mine, theirs] = [median(ours), peer ? median(peer.values) : null];
  return {
    bench,
    case: name,
    ours: mine,
    peer: theirs,
    unit,
    ratio: theirs === null ? null : isRate(unit) ? mine / theirs : theirs / mine,
    peerName: peer?.name ?? null,
    best: peer?.best ?? false,
    repetitions: ours.length,
    oursRange: rangeOf(ours),
    peerRange: peer ? rangeOf(peer.values) : null,
  };
}

export function isRate(unit: string): boolean {
  return unit.endsWith("/s");
}

function rangeOf(values: readonly number[]): Range {
  return [Math.min(...values), Math.max(...values)];
}

const headings = ["case", "posmap", "spread", "peer", "", "spread", "unit", "ratio"];

/** Lines of columns, `*` at the ratio to a peer that is the best of its kind. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.case,
    figure(row.ours),
    spread(row.oursRange),
    row.peerName ?? "",
    row.peer === null ? "" : figure(row.peer),
    row.peerRange ? spread(row.peerRange) : "",
    row.unit,
    row.ratio === null ? "" : `${row.ratio.toFixed(2)}${row.best ? "*" : " "}`,
  ]);
  const widths = headings.map((heading, i) => Math.max(heading.length, ...cells.map((row) => row[i]!.length)));
  const isText = [true, false, true, true, false, true, true, false];
  return [headings, ...cells]
    .map((row) => row.map((cell, i) => isText[i] ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Three digits, and all before the point. */
function figure(value: number): string {
  return Math.abs(value) >= 100 || value === 0 ? value.toFixed(0) : value.toPrecision(3);
}

function spread([lowest, highest]: Range): string {
  return lowest === highest ? "" : `${figure(lowest)}–${figure(highest)}`;
}
