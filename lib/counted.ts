/** A count and what it is of, such as "1 face" or "3 faces". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
