/** The page's element of this id; it is there. */
export function element<E extends Element = HTMLElement>(id: string): E {
  const found: Element | null = document.getElementById(id);
  if (!found) throw new Error(`Cannot find #${id} in the page`);
  return found as E;
}

export const button = (id: string): HTMLButtonElement => element<HTMLButtonElement>(id);

/** Shows a button that can be on or off as such. */
export function setPressed(id: string, isPressed: boolean): void {
  button(id).setAttribute("aria-pressed", String(isPressed));
}

/** Hands a file to the browser's downloads. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
