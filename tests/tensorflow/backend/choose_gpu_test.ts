import { isOutOfMemory, TensorFlowError } from "@/lib/tensorflow/library/c_api.ts";
import { chooseGpu } from "@/lib/tensorflow/backend/choose_gpu.ts";
import { libraryFile, libraryFolder } from "@/lib/tensorflow/library/library.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { canFakeDriver, FakeDriver } from "@/tests/tensorflow/library/fake_driver.ts";

/** What choosing a GPU gives in a process with these variables. */
async function chosen(device: string, environment: Record<string, string>): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ..."run --quiet --no-prompt --allow-ffi --allow-read --allow-write --allow-env".split(" "),
      `${import.meta.dirname}/choose_gpu.ts`,
      device,
    ],
    env: environment,
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

const ignore = !canFakeDriver;

Deno.test({
  name: "chooseGpu() says which GPU it is, its memory, what is free of it, and what it computes in",
  ignore,
  fn: async () => {
    await using driver = await FakeDriver.make();
    const h200 = "NVIDIA H200, 150.1 GB, 149.5 GB free, float32 by TF32";
    for (const [device, index] of [["auto", 0], ["gpu", 0], ["gpu:1", 1]] as const) {
      assertEquals(await chosen(device, driver.environment()), `gpu:${index}, ${h200}`);
    }
    const turing = { NAME: "Tesla T4", BYTES: 15_835_660_288, FREE: 5e9, MAJOR: 7, MINOR: 5, VERSION: 12_000 };
    assertEquals(await chosen("auto", driver.environment(turing)), "gpu:0, Tesla T4, 15.8 GB, 5.0 GB free, float32");
  },
});

/** What the driver says, and what is made of it: with "auto" too, unless there is no GPU. */
const obstacles: Readonly<Record<string, { says: Parameters<FakeDriver["environment"]>[0]; sentence: RegExp }>> = {
  "an old driver": {
    says: { VERSION: 11_080 },
    sentence: /driver is for CUDA 11\.8 or older, and 12\.0 is needed\..* 525\.60 or newer .*update it$/,
  },
  "a driver too old for its GPU": {
    says: { VERSION: 12_040 },
    sentence: /driver is for CUDA 12\.4 or older, and 12\.5 is needed\..* 555 or newer .*update it$/,
  },
  "a driver that does not start": {
    says: { INIT: 803 },
    sentence: /does not start \(system has unsupported display driver .*, 803\)\. .*nvidia-smi.*restarted$/,
  },
  "an error that it has no text for": { says: { INIT: 999 }, sentence: /does not start \(unknown error, 999\)/ },
  "an old GPU": {
    says: { NAME: "GeForce GTX 980", MAJOR: 5, MINOR: 2 },
    sentence: /GeForce GTX 980 is of compute capability 5\.2, and TensorFlow wants 6\.0 or more\. .*webgpu/,
  },
  "a GPU that another process fills": {
    says: { FREE: 2e8 },
    sentence:
      /gpu:0 \(NVIDIA H200\) is full, 200 MB of its 150\.1 GB are free\. Other programs .*nvidia-smi.*--device$/,
  },
  "a GPU without room to begin": {
    says: { CONTEXT: 2 },
    sentence: /gpu:0 \(NVIDIA H200\) is full, there is no room to begin\. Other programs/,
  },
};

for (const [what, { says, sentence }] of Object.entries(obstacles)) {
  Deno.test({
    name: `chooseGpu() names ${what}, and what helps`,
    ignore,
    fn: async () => {
      await using driver = await FakeDriver.make();
      for (const device of ["auto", "gpu"]) {
        const said = await chosen(device, driver.environment(says));
        assert(said.startsWith("InputError: Cannot use a GPU: ") && sentence.test(said), said);
      }
    },
  });
}

Deno.test({
  name: "chooseGpu() leaves the processor to a machine without a GPU, and says why, unless one is asked for",
  ignore,
  fn: async () => {
    await using driver = await FakeDriver.make();
    const none = driver.environment({ INIT: 100 });
    assertEquals(await chosen("auto", none), "none: NVIDIA's driver finds no GPU");
    assert(/finds no GPU\. `nvidia-smi` lists.*--gres=gpu:1$/.test(await chosen("gpu", none)));
    const hidden = { ...driver.environment({ COUNT: 0 }), CUDA_VISIBLE_DEVICES: "7" };
    assert(/finds no GPU\. CUDA_VISIBLE_DEVICES is "7"/.test(await chosen("gpu:1", hidden)));
    const beyond = await chosen("gpu:2", driver.environment());
    assert(/there is no gpu:2\. There is gpu:0 \(NVIDIA H200\), gpu:1 \(NVIDIA H200\)/.test(beyond), beyond);
    await Deno.writeTextFile(`${driver.folder}/libcuda.so.1`, "no library");
    const broken = await chosen("auto", driver.environment());
    assert(/^InputError: .*libcuda\.so\.1 cannot be opened \(.*\)\. NVIDIA's driver 525/.test(broken), broken);
  },
});

Deno.test("chooseGpu() asks no driver for the processor, nor for a library that it does not know", async () => {
  const gpuLibrary = libraryFile(await libraryFolder("gpu"));
  assertEquals(await chooseGpu("cpu", gpuLibrary), { gpu: undefined });
  assertEquals(await chooseGpu("auto", libraryFile(await libraryFolder("cpu"))), { gpu: "any" });
  assertEquals(await chooseGpu("gpu", "/opt/tensorflow/lib/libtensorflow_cc.so.2"), { gpu: "any" });
});

Deno.test("isOutOfMemory() knows the words of TensorFlow, XLA, CUDA and cuDNN for it, and no others", () => {
  const words = [
    "OOM when allocating tensor with shape[16,256,256,64] and type float on /device:GPU:0 by allocator GPU_0_bfc",
    "Failed to allocate request for 1.50GiB (1610612736B) on device ordinal 0",
    "Out of memory allocating 1610612736 bytes.",
    "cudaSetDevice() on GPU:0 failed. Status: out of memory",
    "cudnn library could not create a handle: CUDNN_STATUS_ALLOC_FAILED",
    "DNN library initialization failed. Look at the errors above for more details.",
  ];
  for (const text of words) assert(isOutOfMemory(new TensorFlowError("training_step_0", "INTERNAL", text)), text);
  assert(isOutOfMemory(new TensorFlowError("training_step_0", "RESOURCE_EXHAUSTED", "something")));
  assert(!isOutOfMemory(new TensorFlowError("MatMul", "INVALID_ARGUMENT", "Matrix size-incompatible")));
  assert(!isOutOfMemory(new Error("out of memory")));
});
