import { openTensorFlow } from "@/lib/tensorflow/backend.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "../support.ts";
import { networkAnswers, pythonWithTorch, torchAnswers } from "./prnet_answers.ts";
import { type Figures, figuresByTensor, figuresFile, figuresOf, prnetCases } from "./prnet_cases.ts";

await openTensorFlow({ device: "cpu" });

const TOLERANCE = 1e-4;

const python = await pythonWithTorch();

/**
 * Of the published network's 20 million ReLUs a few are so close to 0 that rounding decides whether they pass, so its
 * gradients agree in absolute terms, and their norms to a hundredth. The small one's ReLUs stay clear of 0: each of its
 * gradients agrees in proportion to its largest value.
 */
const judged = [
  { name: "small, in training, before and after a step", key: "small", relative: true },
  { name: "as published", key: "published", relative: false },
] as const;

for (const { name, key, relative } of judged) {
  const normTolerance = relative ? TOLERANCE : 0.01;
  const toleranceOf = ([, largest]: Figures) => TOLERANCE * (relative ? largest : 1);

  Deno.test(`buildPrnet() gives PyTorch's stored figures, maps and gradients: ${name}`, async () => {
    const stored = JSON.parse(await Deno.readTextFile(figuresFile))[key] as Record<string, Figures>;
    const ours = figuresByTensor(networkAnswers(prnetCases[key]));
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
    name: `buildPrnet() gives what PyTorch does, maps and gradients: ${name}`,
    ignore: python === undefined,
    async fn() {
      const theirs = await torchAnswers(python!, prnetCases[key]);
      for (const [tensor, values] of networkAnswers(prnetCases[key])) {
        const expected = theirs.get(tensor)!;
        assertAllClose(values, expected, toleranceOf(figuresOf(tensor, expected)));
      }
    },
  });
}
