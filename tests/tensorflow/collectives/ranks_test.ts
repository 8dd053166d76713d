import { runRanks } from "@/tests/tensorflow/collectives/together.ts";
import { assertEquals } from "@/tests/support.ts";

interface Said {
  readonly heard: string[];
  readonly taken: {
    readonly values: [name: string, shape: number[], last: number[]][];
    readonly isStopping: boolean;
  }[];
}

Deno.test("Ranks take means of any shapes, in the order of their names, and all hear rank 0 and of a wish to stop", async () => {
  const said = await runRanks<Said>(new URL("./means.ts", import.meta.url), 3);
  const values = [["small", [2, 2], [1, 2, 10]], ["large", [1200, 1000], [1, 1, 1]], ["one", [], [2]]];
  const taken = [false, true, false].map((isStopping) => ({ values, isStopping }));
  for (const of of said) assertEquals([of.heard, of.taken], [["", "a", "from rank 0"], taken]);
});
