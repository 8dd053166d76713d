import { encodePositions } from "@/lib/data/maps/position_map.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import type { SampleStage } from "@/lib/portrait/stage_timer.ts";
import { StageClock } from "@/lib/stage_clock.ts";
import type { SourceContestant } from "./data.ts";
import { contestantOptions, serve } from "./serve.ts";

const { samples, ...spec } = contestantOptions<SourceContestant>();
const timer = new StageClock<SampleStage>();
const source = await openSource({ ...spec, seed: 7, augment: true }, { timer });
const targets = new Float32Array(3 * spec.imageSize ** 2);

/** As a worker makes them. */
async function makeSamples(): Promise<void> {
  for (let index = 0; index < samples; index++) {
    const { map } = await source.sample(index, "train");
    timer.begin("encode");
    encodePositions(map.positions, { size: map.size, encoding: "centered" }, targets);
    timer.end();
  }
}

await makeSamples();
await serve(async () => {
  timer.reset();
  const start = performance.now();
  await makeSamples();
  const milliseconds = performance.now() - start;
  const stages = [...timer.milliseconds].map(([label, spent]) => ({ label, unit: "ms", value: spent / samples }));
  return [
    { unit: "samples/s", value: 1000 * samples / milliseconds },
    { unit: "ms", value: milliseconds / samples },
    ...stages,
  ];
});
