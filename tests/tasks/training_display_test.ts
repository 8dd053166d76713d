import fc from "@/tests/fast_check.ts";
import { barLine, Pace } from "@/tasks/train/training_display.ts";
import { assert, assertClose, assertEquals, FLOAT64_TOLERANCE } from "@/tests/support.ts";

const someSeconds = fc.array(fc.double({ min: 0.001, max: 20, noNaN: true }), { minLength: 1, maxLength: 60 });

Deno.test("Pace is the mean of the steps of the last half minute, the first step left out", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e3, noNaN: true }), someSeconds, (first, steps) => {
    const pace = new Pace();
    assertEquals([pace.add(first), pace.seconds], [true, undefined]);
    assertEquals(steps.map((seconds) => pace.add(seconds)), steps.map(() => false));
    let [sum, count] = [0, 0];
    for (const seconds of steps.toReversed()) {
      if (sum >= Pace.WINDOW_SECONDS) break;
      sum += seconds;
      count++;
    }
    assertClose(pace.seconds!, sum / count, FLOAT64_TOLERANCE * 100);
  }));
});

Deno.test("barLine() fills its columns and never more, its bar as full as the work is done", () => {
  const facts = ["20000/20000", "1234 faces/s", "loss 0.00123", "NME 12.34 %", "12 h 34 min left"];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 120 }), fc.double({ min: 0, max: 1, noNaN: true }), (columns, done) => {
      const line = barLine(facts, { done, columns });
      assert(line.length <= columns, line);
      const [full, empty] = [/█/g, /░/g].map((cell) => (line.match(cell) ?? []).length) as [number, number];
      if (full + empty === 0) return;
      assertEquals(line.length, columns);
      assertClose(full / (full + empty), done, 0.5 / (full + empty) + FLOAT64_TOLERANCE);
    }),
  );
  assertEquals(barLine(["1/2"], { done: 0.5, columns: 12 }), "████░░░░ 1/2");
});
