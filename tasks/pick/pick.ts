/** The page of `deno task prepare mesh --pick`: a head's 68 landmarks, to be dragged to where they belong. */
import {
  defaultConvention,
  LANDMARK_COUNT,
  type LandmarkConvention,
  landmarkParts,
  landmarksOf,
  landmarksOfPart,
} from "@/lib/face/landmarks.ts";
import { listLandmarks, parseLandmarks } from "@/lib/face/obj/landmark_lists.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import { button, element } from "../live/dom.ts";
import { HeadView } from "./head_view.ts";
import { Marks } from "./marks.ts";
import { PlacedLandmarks, type Side } from "./placed_landmarks.ts";
import { headToPick } from "./protocol.ts";

const head = headToPick.parse(await (await fetch("head.json")).json());
const placed = new PlacedLandmarks(parseLandmarks(head.landmarks, head.name), {
  positions: head.positions,
  triangles: head.skin,
});
const choice = element<HTMLSelectElement>("convention");
choice.value = defaultConvention(placed.landmarks);
choice.hidden = Object.keys(placed.landmarks).length < 2;
const convention = () => choice.value as LandmarkConvention;
const points = () => landmarksOf(placed.landmarks, convention());

/** A landmark that a pointer has hold of. */
interface Held {
  readonly landmark: number;
  readonly pointerId: number;
  /** Where it was taken, in CSS pixels of the window, and where the landmark lies from there. */
  readonly from: readonly [x: number, y: number];
  readonly offset: readonly [x: number, y: number];
  isMoved: boolean;
}

/** How near to a landmark it is taken, in CSS pixels: fingers are blunt. */
const REACH: Readonly<Record<string, number>> = { mouse: 8, pen: 12, touch: 24 };
/** What a pointer is moved by before a landmark goes with it. */
const SLACK = 3;

let selected: number | undefined, held: Held | undefined, isSaved = false, isWaiting = false;
const ground = element("ground");
const marks = new Marks(element<SVGSVGElement>("marks"));
const view = new HeadView(element<HTMLCanvasElement>("head"), head, { ground, face: points(), onView: refresh });
element("name").textContent = head.name.split("/").at(-1)!;
element("name").title = head.name;
button("save").disabled = false;

/** Draws at the next frame, once for all that changes until then. */
function refresh(): void {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    view.draw();
    const at = placed.positions(convention());
    const { vertices } = points();
    const places = Array.from({ length: LANDMARK_COUNT }, (_, landmark) => {
      const point = pointAt(at, landmark);
      return { at: view.placeOf(...point), isFacing: view.isFacing(point, vertices[3 * landmark]!) };
    });
    marks.show(places, selected);
    button("undo").disabled = !placed.canUndo || isSaved;
  });
}

function select(landmark: number): void {
  selected = landmark;
  const part = landmarkParts.find((part) => landmarksOfPart(part).includes(landmark))!;
  element("selected").textContent = `Landmark ${landmark}, ${part}`;
  refresh();
}

/** Before the view has it, which turns or comes nearer by what is not of a landmark. */
function press(event: PointerEvent): void {
  if (held) return release({ isKept: false }); // a second finger: both bring the head nearer
  if (isSaved || !event.isPrimary || event.button !== 0) return;
  const { clientX: x, clientY: y, pointerId, pointerType } = event;
  const { left, top } = ground.getBoundingClientRect();
  const landmark = marks.nearest([x - left, y - top], REACH[pointerType] ?? REACH["touch"]!);
  if (landmark === undefined) return;
  const [atX, atY] = view.placeOf(...pointAt(placed.positions(convention()), landmark));
  held = { landmark, pointerId, from: [x, y], offset: [atX + left - x, atY + top - y], isMoved: false };
  view.isTurnable = false;
  select(landmark);
}

function drag({ clientX: x, clientY: y, pointerId }: PointerEvent): void {
  if (held?.pointerId !== pointerId) return;
  const { landmark, from, offset } = held;
  if (!held.isMoved && Math.hypot(x - from[0], y - from[1]) < SLACK) return;
  const point = view.skinAt(x + offset[0], y + offset[1]);
  if (!point) return; // off the head it stays where it was
  if (!held.isMoved) {
    placed.begin();
    tell("");
  }
  held.isMoved = true;
  placed.place(landmark, point, convention());
  refresh();
}

/** Lets go of the landmark, which stays where it is or goes back. */
function release({ isKept }: { readonly isKept: boolean }): void {
  const { landmark, isMoved } = held!;
  held = undefined;
  view.isTurnable = true;
  if (isMoved && isKept) placed.end(landmark, convention());
  else if (isMoved) placed.undo();
  refresh();
}

ground.addEventListener("pointerdown", press, { capture: true });
ground.addEventListener("pointermove", drag);
for (const end of ["pointerup", "pointercancel"] as const) {
  ground.addEventListener(end, ({ pointerId }) => {
    if (held?.pointerId === pointerId) release({ isKept: end === "pointerup" });
  });
}

function undo(): void {
  if (isSaved) return;
  placed.undo();
  tell("");
  refresh();
}

function mirror(from: Side): void {
  placed.mirror(from);
  tell("");
  refresh();
}

function tell(text: string, { hasFailed = false } = {}): void {
  element("status").textContent = text;
  element("status").classList.toggle("failed", hasFailed);
}

async function save(): Promise<void> {
  if (button("save").disabled) return;
  button("save").disabled = true;
  tell("Writing the model …");
  try {
    const response = await fetch("save", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ landmarks: listLandmarks(placed.landmarks) }),
    });
    if (!response.ok) throw new Error((await response.text()).trim());
    isSaved = true;
    for (const id of ["undo", "mirror-right", "mirror-left"]) button(id).disabled = true;
    tell(`${head.out} is written, and the task has ended: this page can be closed.`);
  } catch (error) {
    const hasEnded = error instanceof TypeError; // nobody answers
    tell(hasEnded ? "Not saved: the task has ended" : (error as Error).message, { hasFailed: true });
    button("save").disabled = false;
  }
}

const looks = { "look-right": -1, "look-front": 0, "look-left": 1 } as const;
for (const [id, side] of Object.entries(looks)) {
  button(id).addEventListener("click", () => view.lookFrom(side * Math.PI / 3));
}
button("mirror-right").addEventListener("click", () => mirror("right"));
button("mirror-left").addEventListener("click", () => mirror("left"));
button("undo").addEventListener("click", undo);
button("save").addEventListener("click", save);
choice.addEventListener("change", refresh);
addEventListener("resize", refresh);
addEventListener("beforeunload", (event) => {
  if (placed.canUndo && !isSaved) event.preventDefault(); // asks before what was moved is lost
});
addEventListener("keydown", (event) => {
  const withControl = event.ctrlKey || event.metaKey;
  const step = withControl ? undefined : { n: 1, p: -1 }[event.key.toLowerCase()];
  const look = withControl ? undefined : { 1: "look-right", 2: "look-front", 3: "look-left" }[event.key];
  if (step) select(((selected ?? (step > 0 ? -1 : 0)) + step + LANDMARK_COUNT) % LANDMARK_COUNT);
  else if (look) button(look).click();
  else if (withControl && event.key === "z") undo();
  else if (withControl && event.key === "s") save();
  else return;
  event.preventDefault();
});
refresh();
