import { Sitters } from "@/lib/data/synthetic/sitters.ts";
import { syntheticSource } from "@/lib/data/synthetic/synthetic.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { assertAllClose } from "@/tests/support.ts";

const model = builtInFace();

Deno.test("Sitters.label() gives the labels of syntheticSource()'s samples to the bit, in any order", () => {
  for (const augment of [true, false]) {
    const options = { seed: 7, imageSize: 64, augment };
    const source = syntheticSource(model, options); // it draws less of the model
    const sitters = new Sitters(model, options);
    for (const index of [17, 0, 1, 9]) {
      const { map, landmarks } = source.sample(index, "validation");
      const label = sitters.label(index, "validation");
      assertAllClose(label.map.positions, map.positions, 0);
      assertAllClose(label.landmarks, landmarks, 0);
    }
  }
});
