import { ChildError, type Children, type Command } from "./children.ts";
import { median } from "@/lib/numbers.ts";
import { compare, isRate, type Row } from "./rows.ts";

/** A number that a contestant measured in one repetition. */
export interface Figure {
  /** What it is of, where a repetition has several. */
  readonly label?: string;
  readonly unit: string;
  readonly value: number;
}

/** What one repetition gave. */
export interface Reply {
  readonly figures: readonly Figure[];
  /** The most memory that was resident so far, where the contestant can tell. */
  readonly peakBytes?: number;
}

/** Something that does the same work again whenever it is asked, and rests in between. */
export interface Contestant extends Disposable {
  repeat(): Promise<Reply>;
}

export interface Entrant {
  readonly name: string;
  /** Among peers of a kind, such as one library's memory formats, only the best counts; its own name unless given. */
  readonly kind?: string;
  /** Starts it and warms it up. */
  readonly open: (children: Children) => Promise<Contestant>;
}

export interface Contest {
  readonly bench: string;
  readonly case: string;
  readonly ours: Entrant;
  readonly peers: readonly Entrant[];
}

export interface ContestOptions {
  readonly children: Children;
  readonly repetitions: number;
  /** Contests whose case it does not match are not held. */
  readonly only: RegExp;
  /** Called with sentences about what is going on, and which peers are left out. */
  readonly note: (sentence: string) => void;
}

const MEMORY = "peak memory";
const MEGABYTE = 1e6;
/** After a repetition threads may spin for work: Intel's OpenMP 200 ms, others less. */
const SETTLE_MS = 250;

/** All take turns, so that the machine's noise falls on all. A peer that fails is named and left out. */
export async function hold(contest: Contest, options: ContestOptions): Promise<Row[]> {
  const { children, repetitions, only, note } = options;
  if (!only.test(contest.case)) return [];
  const leaveOut = ({ name }: Entrant, error: unknown) => {
    if (!(error instanceof ChildError)) throw error;
    if (name === contest.ours.name) throw new Error(error.standardError);
    note(`${name} is left out, it failed: ${error.message}`);
  };
  using stack = new DisposableStack();
  let inTurn: { entrant: Entrant; contestant: Contestant; replies: Reply[] }[] = [];
  for (const entrant of [contest.ours, ...contest.peers]) {
    try {
      inTurn.push({ entrant, contestant: stack.use(await entrant.open(children)), replies: [] });
    } catch (error) {
      leaveOut(entrant, error);
    }
  }
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const turn of inTurn) {
      const { entrant, contestant, replies } = turn;
      note(`${contest.bench}: ${contest.case}, ${repetition + 1} of ${repetitions}, ${entrant.name}`);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      children.signal.throwIfAborted();
      try {
        replies.push(await contestant.repeat());
      } catch (error) {
        leaveOut(entrant, error);
        inTurn = inTurn.filter((other) => other !== turn); // those that are in this round's list have their turn still
      }
    }
  }
  return rowsOf(contest, inTurn);
}

/** Numbers, one a repetition, by label and unit; the first is what the contest is about. */
type Results = Map<string, { readonly label: string; readonly unit: string; readonly values: number[] }>;

function rowsOf({ bench, case: name }: Contest, inTurn: readonly { entrant: Entrant; replies: Reply[] }[]): Row[] {
  const all = inTurn.map(({ entrant, replies }) => ({ entrant, results: resultsOf(replies) }));
  const [ours, ...peers] = all as [typeof all[number], ...typeof all];
  const best = bestOfKinds(peers);
  return [...ours.results].flatMap(([key, { label, unit, values }]) => {
    const figure = { bench, case: [name, label].filter(Boolean).join(", "), unit, ours: values };
    const rows = peers.flatMap(({ entrant, results }) => {
      const theirs = results.get(key);
      if (!theirs) return [];
      return [compare({ ...figure, peer: { name: entrant.name, values: theirs.values, best: best.has(entrant) } })];
    });
    return rows.length > 0 ? rows : [compare(figure)];
  });
}

function resultsOf(replies: readonly Reply[]): Results {
  const results: Results = new Map();
  for (const { figures } of replies) {
    for (const { label = "", unit, value } of figures) {
      const key = `${label} in ${unit}`;
      if (!results.has(key)) results.set(key, { label, unit, values: [] });
      results.get(key)!.values.push(value);
    }
  }
  const peaks = replies.flatMap(({ peakBytes }) => peakBytes === undefined ? [] : [peakBytes / MEGABYTE]);
  if (peaks.length > 0) results.set(MEMORY, { label: MEMORY, unit: "MB", values: [Math.max(...peaks)] });
  return results;
}

/** The fastest of each kind. */
function bestOfKinds(peers: readonly { readonly entrant: Entrant; readonly results: Results }[]): Set<Entrant> {
  const best = new Map<string, { entrant: Entrant; speed: number }>();
  for (const { entrant, results } of peers) {
    const { unit, values } = [...results.values()][0]!;
    const speed = isRate(unit) ? median(values) : 1 / median(values);
    const kind = entrant.kind ?? entrant.name;
    if (speed > (best.get(kind)?.speed ?? -Infinity)) best.set(kind, { entrant, speed });
  }
  return new Set([...best.values()].map(({ entrant }) => entrant));
}

/** A contestant that is a process: it says when it is ready, and answers each line by a line, its reply in JSON. */
export function processEntrant(entrant: Omit<Entrant, "open">, command: Command): Entrant {
  return {
    ...entrant,
    async open(children) {
      const child = children.spawn(command);
      await child.readLine();
      return {
        async repeat() {
          await child.write("repeat");
          return JSON.parse(await child.readLine());
        },
        [Symbol.dispose]: () => child[Symbol.dispose](),
      };
    },
  };
}
