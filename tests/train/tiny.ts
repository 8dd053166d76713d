import { type Config, resolveConfig } from "@/lib/config.ts";
import type { HostBatch } from "@/lib/data/batches/batches.ts";
import { Random } from "@/lib/random.ts";

/** The smallest run that has all parts. */
export function tinyConfig(overrides: Partial<Config> = {}): Config {
  return resolveConfig("quick", {
    device: "cpu",
    imageSize: 64,
    width: 4,
    batchSize: 2,
    workers: 0,
    exampleSamples: 4,
    validationSamples: 1,
    testSamples: 3,
    validateEvery: 1000,
    checkpointEvery: 1000,
    ...overrides,
  });
}

/** Batches of noise, each with its own maps: nothing to learn but their means. */
export async function* noiseBatches(count: number, expressionCount = 0): AsyncGenerator<HostBatch> {
  const random = new Random("noise"), amounts = random.fork("expressions");
  const [batchSize, imageSize] = [2, 64];
  const length = batchSize * imageSize * imageSize * 3;
  for (let index = 0; index < count; index++) {
    yield {
      index,
      imageSize,
      batchSize,
      images: Uint8Array.from({ length }, () => random.integer(0, 255)),
      targets: Float32Array.from({ length }, () => random.uniform(0.3, 0.5)),
      landmarks: new Float32Array(batchSize * 68 * 3),
      expressions: Float32Array.from({ length: batchSize * expressionCount }, () => amounts.next()),
    };
  }
}

export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
