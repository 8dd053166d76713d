/** The page of `deno task prepare photos --choose`: which labeled faces to train on. */
import { counted } from "@/lib/counted.ts";
import { clamp } from "@/lib/numbers.ts";
import { type ChosenFaces, type FaceList, type ListedFace, type View, views } from "@/tasks/choose/protocol.ts";
import { ZoomedPicture } from "@/tasks/choose/zoomed_picture.ts";
import { button, element } from "@/tasks/live/dom.ts";

type State = "used" | "out" | "beyond";

interface Tile {
  readonly face: ListedFace;
  /** Its place in the list, by which the server knows it. */
  readonly index: number;
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly picture: HTMLImageElement;
  readonly badge: HTMLElement;
}

const list: FaceList = await (await fetch("faces.json")).json();
const out = new Set(list.out);
let mostError = list.mostError;
let saved = chosen();
let isSaving = false, isAskedAgain = false;
/** What was done, to be taken back: a face thrown out or taken back, or the limit before. */
const done: (ListedFace | { readonly limit: number | null })[] = [];
let view: View = "landmarks";
let filter: "all" | "used" | "out" = "all";

const ascending = list.faces.map(({ error }) => error).sort((a, b) => a - b);
const tiles = list.faces.map(newTile);
let order = [...tiles];
/** The tile that the keyboard is at. */
let current = tiles[0];
/** The tile that was looked at closer last. */
let looked: Tile | undefined;

const grid = element("grid"), closer = element<HTMLDialogElement>("closer");
const zoomed = new ZoomedPicture(element("frame"), element("closer-picture"));
const limit = element<HTMLInputElement>("limit");

function newTile(face: ListedFace, index: number): Tile {
  const [item, button, picture] = [make("li"), make("button", "face"), make("img")];
  const [badge, caption, name, error, look] = [
    make("span", "badge"),
    make("span", "caption"),
    make("span"),
    make("b"),
    make("button", "look"),
  ];
  button.type = look.type = "button";
  button.tabIndex = look.tabIndex = -1;
  Object.assign(picture, { loading: "lazy", decoding: "async", alt: "", draggable: false });
  picture.onerror = () => picture.alt = "The label cannot be read.";
  name.textContent = name.title = face.id.replace(/#0$/, "");
  error.textContent = percent(face.error);
  caption.append(name, error);
  button.append(picture, badge, caption);
  look.append(icon("closer"));
  look.title = look.ariaLabel = `Look closer at ${name.textContent}`;
  item.append(button, look);
  const tile = { face, index, item, button, picture, badge };
  button.onclick = () => toggle(tile);
  look.onclick = () => open(tile);
  button.onfocus = () => setCurrent(tile);
  return tile;
}

function stateOf({ id, error }: ListedFace): State {
  return out.has(id) ? "out" : mostError !== null && error > mostError ? "beyond" : "used";
}

function toggle({ face, item }: Tile): void {
  const neighbor = step(1) === current ? step(-1) : step(1); // for where it is shown no more
  if (!out.delete(face.id)) out.add(face.id);
  done.push(face);
  show();
  if (item.hidden && neighbor && !neighbor.item.hidden) moveTo(neighbor);
}

function moveTo(tile: Tile): void {
  if (!closer.open) return tile.button.focus();
  zoomed.reset();
  setCurrent(tile);
  showCloser();
}

function undo(): void {
  const last = done.pop();
  if (!last) return;
  if ("limit" in last) mostError = last.limit;
  else if (!out.delete(last.id)) out.add(last.id);
  show();
}

/** Brings all that is shown up to date with what is chosen. */
function show(): void {
  const counts: Record<State, number> = { used: 0, out: 0, beyond: 0 };
  let isEmpty = true;
  for (const { face, item, button, badge } of tiles) {
    const state = stateOf(face);
    counts[state]++;
    item.dataset["state"] = state;
    item.hidden = filter !== "all" && (state === "used") !== (filter === "used");
    isEmpty &&= item.hidden;
    button.ariaPressed = String(state === "out");
    badge.textContent = state === "out" ? "thrown out" : "beyond the limit";
    button.ariaLabel = `${face.id}, ${percent(face.error)} off, ${state === "used" ? "used" : badge.textContent}`;
  }
  element("used").textContent = String(counts.used);
  element("thrown").textContent = String(counts.out);
  element("beyond").textContent = String(counts.beyond);
  element("empty").hidden = !isEmpty;
  limit.value = String(mostError === null ? ascending.length : countWithin(mostError));
  element("limit-text").textContent = mostError === null ? "none" : percent(mostError);
  limit.ariaValueText = element("limit-text").textContent;
  const isSaved = JSON.stringify(chosen()) === JSON.stringify(saved);
  button("save").disabled = isSaved;
  element("save-text").textContent = isSaved ? "Saved" : "Save";
  button("undo").disabled = done.length === 0;
  if (closer.open) showCloser();
}

/** Sorted, so that what was taken back leaves no trace. */
function chosen(): ChosenFaces {
  return { mostError, out: [...out].sort() };
}

/** One at a time, so that an older choice never comes after a newer one. */
async function save(): Promise<void> {
  isAskedAgain = isSaving;
  if (isSaving) return;
  isSaving = true;
  await send();
  isSaving = false;
  if (isAskedAgain && !button("save").disabled) await save();
}

async function send(): Promise<void> {
  const sent = chosen(), message = element("message");
  try {
    const response = await fetch("save", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(sent),
    });
    if (!response.ok) throw new Error((await response.text()).trim());
    saved = sent;
    message.textContent = "";
    delete message.dataset["failed"];
  } catch (error) {
    message.dataset["failed"] = "";
    message.textContent = error instanceof TypeError
      ? "Not saved: the task has ended"
      : `Not saved: ${reasonOf(error)}`;
  }
  show();
}

function sort(by: string): void {
  order = by === "name"
    ? [...tiles]
    : tiles.toSorted((a, b) => (b.face.error - a.face.error) * (by === "best" ? -1 : 1));
  grid.replaceChildren(...order.map(({ item }) => item));
  const [name] = element<HTMLSelectElement>("order").selectedOptions;
  grid.ariaLabel = `Faces, ${name!.textContent!.toLowerCase()}`;
}

function setView(next: View): void {
  view = next;
  check("view", next);
  for (const { picture, index } of tiles) picture.src = pictureOf(index);
  if (closer.open) showCloser();
}

function pictureOf(index: number): string {
  return `faces/${index}/${view}.jpg`;
}

/** Shows which button of a group is chosen. */
function check(group: string, value: string): void {
  for (const one of document.querySelectorAll<HTMLElement>(`[data-${group}]`)) {
    const isChosen = one.dataset[group] === value;
    one.ariaChecked = String(isChosen);
    one.tabIndex = isChosen ? 0 : -1;
  }
}

function setCurrent(tile: Tile): void {
  if (current) current.button.tabIndex = -1;
  current = tile;
  tile.button.tabIndex = 0;
}

const shown = () => order.filter(({ item }) => !item.hidden);

/** The tile `by` places on, or the one at the end. */
function step(by: number): Tile | undefined {
  const among = shown(), at = current ? among.indexOf(current) : -1;
  return at < 0 ? among[0] : among[clamp(at + by, 0, among.length - 1)];
}

function columns(): number {
  return getComputedStyle(grid).gridTemplateColumns.split(" ").length;
}

function open(tile: Tile): void {
  setCurrent(tile);
  closer.showModal();
  showCloser();
  button("toggle").focus();
}

function showCloser(): void {
  if (!current) return;
  looked = current;
  const { face, index } = current, state = stateOf(face), among = shown();
  element("closer-name").textContent = face.id.replace(/#0$/, "");
  const rank = `${among.indexOf(current) + 1} of ${among.length}`;
  element("closer-facts").textContent = [
    `${percent(face.error)} off`,
    ...state === "beyond" ? ["beyond the limit"] : [],
    ...among.includes(current) ? [rank] : [],
  ].join(" · ");
  const picture = element<HTMLImageElement>("closer-picture");
  picture.src = pictureOf(index);
  picture.alt = `${face.id}: ${view}`;
  const toggle = button("toggle");
  toggle.dataset["state"] = state;
  element("toggle-text").textContent = state === "out" ? "Take back" : "Throw out";
  toggle.querySelector("use")!.setAttribute("href", state === "out" ? "#icon-back" : "#icon-out");
}

function setLimit(): void {
  const rank = Number(limit.value), before = mostError;
  mostError = rank >= ascending.length ? null : rank === 0 ? 0 : ascending[rank - 1]!;
  const last = done.at(-1);
  if (!(last && "limit" in last && limit.dataset["moving"])) done.push({ limit: before });
  limit.dataset["moving"] = "1";
  show();
}

/** How many errors are not beyond. */
function countWithin(most: number): number {
  const beyond = ascending.findIndex((error) => error > most);
  return beyond < 0 ? ascending.length : beyond;
}

function percent(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} %`;
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

function icon(name: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const [svg, use] = [document.createElementNS(namespace, "svg"), document.createElementNS(namespace, "use")];
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  svg.ariaHidden = "true";
  return svg;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const steps: Readonly<Record<string, () => number>> = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: () => -columns(),
  ArrowDown: () => columns(),
  Home: () => -Infinity,
  End: () => Infinity,
};

document.onkeydown = (event) => {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  const control = target as HTMLElement;
  const handled = () => event.preventDefault();
  if (ctrlKey || metaKey || altKey) {
    if (key === "s" && !altKey) save(), handled();
    if (key === "z" && !altKey) undo(), handled();
    return;
  }
  if (control.role === "radio" && steps[key] && !["Home", "End"].includes(key)) {
    const group = [...control.parentElement!.querySelectorAll<HTMLElement>('[role="radio"]')];
    const by = ["ArrowLeft", "ArrowUp"].includes(key) ? -1 : 1;
    const next = group[(group.indexOf(control) + by + group.length) % group.length]!;
    next.focus();
    next.click();
    return handled();
  }
  if (control.matches("select, input")) return;
  if (steps[key]) {
    const by = steps[key]();
    const next = step(closer.open && Number.isFinite(by) ? Math.sign(by) : by);
    if (next) moveTo(next);
    return handled();
  }
  if (views[Number(key) - 1]) return setView(views[Number(key) - 1]!);
  if (key === "Enter" && control.classList.contains("face")) current && open(current), handled();
  else if ((key === "x" || key === "Delete") && current) toggle(current);
  else if (key === "u") undo();
  else if (key === "s") save();
};

for (const one of document.querySelectorAll<HTMLElement>("[data-view]")) {
  one.onclick = () => setView(one.dataset["view"] as View);
}
for (const one of document.querySelectorAll<HTMLElement>("[data-filter]")) {
  one.onclick = () => {
    filter = one.dataset["filter"] as typeof filter;
    check("filter", filter);
    show();
  };
}
element<HTMLSelectElement>("order").onchange = ({ target }) => sort((target as HTMLSelectElement).value);
/** At once, not when the browser tells of the closing: a key that is pressed meanwhile is for the face that was looked at. */
function leave(): void {
  closer.close();
  zoomed.reset();
  looked?.button.focus(); // the browser has gone back to where it was opened
}

limit.max = String(ascending.length);
limit.oninput = setLimit;
limit.onchange = () => delete limit.dataset["moving"];
button("undo").onclick = undo;
button("save").onclick = save;
button("close").onclick = leave;
for (const [id, by] of [["previous", -1], ["next", 1]] as const) {
  button(id).onclick = () => {
    const next = step(by);
    if (next) moveTo(next);
  };
}
button("toggle").onclick = () => current && toggle(current);
closer.oncancel = (event) => {
  event.preventDefault();
  leave();
};
addEventListener("beforeunload", (event) => {
  if (!button("save").disabled) event.preventDefault();
});

element("folder").textContent = list.folder;
element("about").textContent = `${counted(list.faces.length, "label")}, ${list.about}`;
element("error-means").textContent = `Percent of the face's size: ${list.errorMeans}`;
sort("worst");
setView("landmarks");
show();
if (order[0]) setCurrent(order[0]);
document.body.dataset["ready"] = "";
