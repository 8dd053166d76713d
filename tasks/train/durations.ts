import { InputError } from "@/lib/errors.ts";

/** Seconds of a time such as 90m, 1h30m, or 23:50:00 as batch systems write it. */
export function secondsOf(text: string, flag: string): number {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ??
    /^(?:(?:(\d+):)?(\d+):)?(\d+)$/.exec(text) ?? [];
  const total = 3600 * Number(hours ?? 0) + 60 * Number(minutes ?? 0) + Number(seconds ?? 0);
  if (total > 0) return total;
  throw new InputError(`Cannot set ${flag} to "${text}": a time is wanted, such as 90m, 1h30m or 23:50:00`);
}

/** Such as "2 h 5 min". */
export function durationText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(seconds)} s`;
}
