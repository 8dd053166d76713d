/** Whether a stand-in can be made here: Linux's loader finds it, and it takes a C compiler. */
export const canFakeDriver = Deno.build.os === "linux" &&
  await new Deno.Command("cc", { args: ["--version"] }).output().then(({ success }) => success, () => false);

/** A stand-in of NVIDIA's driver, compiled by the machine's C compiler: what it says is set by the environment. */
export class FakeDriver implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<FakeDriver> {
    const folder = await Deno.makeTempDir({ prefix: "posmap-driver-" });
    await Deno.writeTextFile(`${folder}/driver.c`, source);
    const args = ["-shared", "-fPIC", "-o", `${folder}/libcuda.so.1`, `${folder}/driver.c`];
    const { success, stderr } = await new Deno.Command("cc", { args }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new FakeDriver(folder);
  }

  /** Variables that make it the driver of a program, with these GPUs of a first one's name, bytes and free bytes. */
  environment(says: Readonly<Partial<Record<keyof typeof usual, string | number>>> = {}): Record<string, string> {
    const settings = Object.entries({ ...usual, ...says }).map(([name, value]) => [`FAKE_${name}`, String(value)]);
    return { ...Object.fromEntries(settings), LD_LIBRARY_PATH: this.folder };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Two cards of one kind; CONTEXT is what making a context gives, INIT what starting gives. */
const usual = {
  VERSION: 12_080,
  INIT: 0,
  COUNT: 2,
  NAME: "NVIDIA H200",
  BYTES: 150_100_000_000,
  FREE: 149_500_000_000,
  MAJOR: 9,
  MINOR: 0,
  CONTEXT: 0,
};

/** Signatures as cuda.h has them. */
const source = `
#include <stdlib.h>
#include <string.h>
static long long setting(const char *name) { return atoll(getenv(name)); }
int cuInit(unsigned flags) { return setting("FAKE_INIT"); }
int cuDriverGetVersion(int *version) { *version = setting("FAKE_VERSION"); return 0; }
int cuGetErrorString(int error, const char **text) { *text = error == 803 ? "system has unsupported display driver / cuda driver combination" : 0; return 0; }
int cuDeviceGetCount(int *count) { *count = setting("FAKE_COUNT"); return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = 100 + ordinal; return ordinal < setting("FAKE_COUNT") ? 0 : 101; }
int cuDeviceGetName(char *name, int length, int device) { strncpy(name, getenv("FAKE_NAME"), length); return device >= 100 ? 0 : 101; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  *value = attribute == 75 ? setting("FAKE_MAJOR") : attribute == 76 ? setting("FAKE_MINOR") : -1;
  return device >= 100 ? 0 : 101;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = setting("FAKE_BYTES"); return device >= 100 ? 0 : 101; }
static int kept, current;
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = &kept; return setting("FAKE_CONTEXT"); }
int cuCtxPushCurrent_v2(void *context) { current = context == &kept; return 0; }
int cuCtxPopCurrent_v2(void **context) { current = 0; *context = &kept; return 0; }
int cuMemGetInfo_v2(size_t *free, size_t *total) { *free = setting("FAKE_FREE"); *total = setting("FAKE_BYTES"); return current ? 0 : 201; }
`;
