import { createRequire } from "node:module";
import { assertEquals } from "@/tests/support.ts";
import { bundleSpecs } from "./jasmine_bundle.ts";
// by reason; each fails in the same way on tfjs-node's own addon, compiled against the same library
import stockFailures from "./stock_failures.json" with { type: "json" };

const require = createRequire(import.meta.url);
const always = Object.values(stockFailures.always).flat();
const listed = new Set([...always, ...Object.values(stockFailures["on some processors"]).flat()]);

Deno.test("tfjs-core's own specs pass on our backend, but for those that fail on tfjs-node's too", async () => {
  const folder = await Deno.makeTempDir({ prefix: "posmap-specs-" });
  try {
    await bundleSpecs(`${folder}/specs.cjs`);
    const { passed, failed } = await runSpecs(`${folder}/specs.cjs`);
    assertEquals([...failed].filter(([name]) => !listed.has(name)), []);
    assertEquals(always.filter((name) => !failed.has(name)), []);
    if (passed < 3900) throw new Error(`Expected some 4,000 specs to pass, found ${passed}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the specs listed as failing are among those that tfjs-node's own tests leave out", async () => {
  const source = await Deno.readTextFile(require.resolve("@tensorflow/tfjs-node-gpu/src/run_tests.ts"));
  const leftOut = [...source.matchAll(/^ +'(.+)',$/gm)].map(([, part]) => part!);
  assertEquals([...listed].filter((name) => !leftOut.some((part) => name.includes(part))), []);
});

/** What jasmine tells of a spec, as far as it is used here. */
interface SpecResult {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "pending" | "excluded";
  readonly failedExpectations: readonly { readonly message: string }[];
}

/** Messages of the failed specs by name, and how many passed. */
async function runSpecs(file: string): Promise<{ passed: number; failed: Map<string, string[]> }> {
  const jasmineRequire = require("jasmine-core");
  const environment = jasmineRequire.boot(jasmineRequire).getEnv();
  environment.configure({ random: false });
  await require(file).openTensorFlow({ device: "cpu" });

  let passed = 0;
  const failed = new Map<string, string[]>();
  using _ = silence(); // specs of the debug mode print
  await new Promise<void>((resolve) => {
    environment.addReporter({
      specDone({ fullName, status, failedExpectations }: SpecResult) {
        if (status === "passed") passed++;
        if (status === "failed") failed.set(fullName, failedExpectations.map(({ message }) => message));
      },
      jasmineDone: () => resolve(),
    });
    environment.execute();
  });
  return { passed, failed };
}

function silence(): Disposable {
  const { log, warn, error } = console;
  Object.assign(console, { log() {}, warn() {}, error() {} });
  return { [Symbol.dispose]: () => Object.assign(console, { log, warn, error }) };
}
