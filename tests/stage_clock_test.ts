import { StageClock } from "@/lib/stage_clock.ts";
import { assert, assertEquals } from "@/tests/support.ts";

Deno.test("a StageClock adds up what lies between a stage's begins and ends, and nothing outside", () => {
  const clock = new StageClock<"read" | "draw">();
  const wait = () => {
    const start = performance.now();
    while (performance.now() === start);
  };
  clock.end(); // nothing has begun
  clock.begin("read");
  wait();
  clock.begin("draw");
  const first = clock.milliseconds.get("read")!;
  assert(first > 0);
  clock.begin("read");
  wait();
  clock.end();
  const both = clock.milliseconds.get("read")!;
  assert(both > first);
  wait();
  clock.end();
  assertEquals(clock.milliseconds.get("read"), both);
  assertEquals([...clock.milliseconds.keys()].sort(), ["draw", "read"]);
  clock.reset();
  assertEquals(clock.milliseconds.size, 0);
});
