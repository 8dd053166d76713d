import fc from "@/tests/fast_check.ts";
import { learningRateAt } from "@/lib/train/schedule.ts";
import { assert, assertClose, FLOAT64_TOLERANCE } from "../support.ts";

const settings = fc.record({
  learningRate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
  steps: fc.integer({ min: 1, max: 5000 }),
  stepsPerEpoch: fc.integer({ min: 1, max: 500 }),
  cycles: fc.constant(1),
});

Deno.test('learningRateAt() "halve" halves the rate every 5 epochs and never between', () => {
  fc.assert(fc.property(settings, fc.nat(10_000), (config, step) => {
    const halve = { ...config, schedule: "halve" as const };
    const rate = learningRateAt(step, halve);
    assertClose(learningRateAt(step + 5 * config.stepsPerEpoch, halve), rate / 2, FLOAT64_TOLERANCE);
    const epochStart = step - step % (5 * config.stepsPerEpoch);
    assertClose(learningRateAt(epochStart, halve), rate, 0);
    assertClose(learningRateAt(0, halve), config.learningRate, 0);
  }));
});

Deno.test('learningRateAt() "cosine" rises for a moment, then only falls, stays positive while training and ends at 0', () => {
  fc.assert(fc.property(settings, (config) => {
    const cosine = { ...config, schedule: "cosine" as const };
    const rates = Array.from({ length: config.steps }, (_, step) => learningRateAt(step, cosine));
    const peak = rates.indexOf(Math.max(...rates));
    assert(peak <= 0.05 * config.steps);
    assertClose(rates[peak]!, config.learningRate, FLOAT64_TOLERANCE);
    assert(rates.every((rate, i) => rate > 0 && (i <= peak ? i === 0 || rate > rates[i - 1]! : rate <= rates[i - 1]!)));
    assertClose(learningRateAt(config.steps, cosine), 0, FLOAT64_TOLERANCE);
  }));
});

Deno.test('learningRateAt() "cosine" rises for a twentieth of its steps, and for 200 at most', () => {
  for (const [steps, rise] of [[1000, 50], [76_000, 200]] as const) {
    const cosine = { learningRate: 0.1, schedule: "cosine", cycles: 1, steps, stepsPerEpoch: 1 } as const;
    for (let step = 0; step <= rise; step++) {
      assertClose(learningRateAt(step, cosine), 0.1 * (step + 1) / (rise + 1), FLOAT64_TOLERANCE);
    }
    assert(learningRateAt(rise + 1, cosine) < 0.1);
  }
});

Deno.test("learningRateAt() of several cycles is the first, then again a whole one without its rise", () => {
  fc.assert(fc.property(settings, fc.integer({ min: 2, max: 5 }), (config, cycles) => {
    const one = { ...config, schedule: "cosine" as const };
    const several = { ...one, cycles, steps: cycles * config.steps };
    for (let step = 0; step < config.steps; step++) {
      assertClose(learningRateAt(step, several), learningRateAt(step, one), 0);
      const again = config.learningRate * (1 + Math.cos(Math.PI * step / config.steps)) / 2;
      assertClose(learningRateAt((cycles - 1) * config.steps + step, several), again, FLOAT64_TOLERANCE);
    }
    assertClose(learningRateAt(cycles * config.steps, several), 0, FLOAT64_TOLERANCE);
  }));
});
