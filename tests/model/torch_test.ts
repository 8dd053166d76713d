import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "../support.ts";
import { hasModules } from "@/tests/python.ts";
import { networkAnswers, torchAnswers } from "./torch_answers.ts";
import { type Figures, figuresByTensor, figuresFile, figuresOf, networkCases } from "./torch_cases.ts";

await openTensorFlow({ device: "cpu" });

const TOLERANCE = 1e-4;

const hasTorch = await hasModules("torch");

/**
 * A few of the large networks' millions of ReLUs are so close to 0 that rounding decides whether they pass, so their
 * gradients agree in absolute terms, and the gradients' norms to a hundredth. The small ones' ReLUs stay clear of 0: each
 * of their gradients agrees in proportion to its largest value.
 */
const judged = [
  { key: "prnet, small", relative: true },
  { key: "prnet, published", relative: false },
  { key: "lite, small", relative: true },
  { key: "heatmap, small", relative: true },
  { key: "lite at 256", relative: false },
] as const;

for (const { key, relative } of judged) {
  const normTolerance = relative ? TOLERANCE : 0.01;
  let own: ReturnType<typeof networkAnswers> | undefined;
  const answers = () => own ??= networkAnswers(networkCases[key]);
  const toleranceOf = ([, largest]: Figures) => TOLERANCE * (relative ? largest : 1);

  Deno.test(`buildNetwork() gives PyTorch's stored figures, maps and gradients: ${key}`, async () => {
    const stored = JSON.parse(await Deno.readTextFile(figuresFile))[key] as Record<string, Figures>;
    const ours = figuresByTensor(answers());
    assertEquals(Object.keys(ours), Object.keys(stored));
    for (const [tensor, figures] of Object.entries(stored)) {
      const [norm, , ...samples] = figures;
      const [ourNorm, , ...ourSamples] = ours[tensor]!;
      assert(norm > 0, `${tensor} tells nothing`);
      assertClose(ourNorm, norm, normTolerance * norm, `as the norm of ${tensor}`);
      assertAllClose(ourSamples, samples, toleranceOf(figures));
    }
  });

  Deno.test({
    name: `buildNetwork() gives what PyTorch does, maps and gradients: ${key}`,
    ignore: !hasTorch,
    async fn() {
      const theirs = await torchAnswers(networkCases[key]);
      for (const [tensor, values] of answers()) {
        const expected = theirs.get(tensor)!;
        assertAllClose(values, expected, toleranceOf(figuresOf(tensor, expected)));
      }
    },
  });
}
