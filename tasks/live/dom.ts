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
