/**
 * Set-up as a program of its own, in an empty cache folder, with a python3 whose `pip download` is a line of shell:
 * all else it leaves to the real one.
 */
export class FakeSetup implements AsyncDisposable {
  readonly #calls: string;

  private constructor(readonly folder: string, readonly cache: string) {
    this.#calls = `${folder}/calls`;
  }

  static async make(): Promise<FakeSetup> {
    const folder = await Deno.makeTempDir({ prefix: "posmap-setup-" });
    const setup = new FakeSetup(folder, `${folder}/a cache [1]`);
    await Deno.mkdir(setup.cache);
    await Deno.mkdir(`${folder}/bin`);
    await Deno.writeTextFile(`${folder}/bin/python3`, fakePython, { mode: 0o755 });
    await new Deno.Command("python3", { args: ["-c", wheelScript, `${folder}/good.whl`] }).output();
    return setup;
  }

  /** What set-up fills. */
  library(variant: "cpu" | "gpu" = "cpu"): string {
    return `${this.cache}/tensorflow-2.21.0-${variant}`;
  }

  /** How often pip was to download. */
  async downloads(): Promise<number> {
    return await Deno.readTextFile(this.#calls).then((text) => text.length, () => 0);
  }

  /** Names in the cache folder, without those that are there of right. */
  async leftovers(): Promise<string[]> {
    const names = (await Array.fromAsync(Deno.readDir(this.cache))).map(({ name }) => name);
    return names.filter((name) => !/^setup\.lock$|^tensorflow-2\.21\.0-(cpu|gpu)$/.test(name));
  }

  /** Variables of a program whose python3 is the fake one. */
  environment(pip = goodPip): Record<string, string> {
    return {
      HOME: Deno.env.get("HOME") ?? "",
      ...(Deno.env.has("DENO_DIR") && { DENO_DIR: Deno.env.get("DENO_DIR")! }),
      PATH: `${this.folder}/bin:${realPath}`,
      NO_COLOR: "1",
      POSMAP_CACHE: this.cache,
      REAL_PATH: realPath,
      FAKE_FOLDER: this.folder,
      FAKE_DOWNLOAD: pip,
    };
  }

  start({ args = [], pip, env = {} }: RunOptions = {}): Deno.ChildProcess {
    return new Deno.Command("/bin/sh", {
      args: ["tasks/sandbox.sh", Deno.execPath(), "setup", ...args], // so that its permissions are tested too
      cwd: root,
      clearEnv: true, // TENSORFLOW_LIBRARY would leave nothing to set up
      env: { ...this.environment(pip), ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(options?: RunOptions): Promise<Outcome> {
    return await outcome(this.start(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

export interface RunOptions {
  readonly args?: readonly string[];
  /** What `pip download` does, in shell: $dest is where the wheels go, $FAKE_FOLDER/good.whl is one. */
  readonly pip?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly code: number;
  /** Lines on standard error. */
  readonly lines: readonly string[];
}

export async function outcome(child: Deno.ChildProcess): Promise<Outcome> {
  const { code, stderr } = await child.output();
  return { code, lines: new TextDecoder().decode(stderr).split("\n").filter((line) => line !== "") };
}

export const goodPip = 'cp "$FAKE_FOLDER/good.whl" "$dest"';

const root = new URL("../../../", import.meta.url);
const realPath = Deno.env.get("PATH")!;

const fakePython = `#!/bin/sh
case "$*" in
  "-m pip --version") [ -z "$FAKE_NO_PIP" ] || { echo "python3: No module named pip" >&2; exit 1; } ;;
  "-c "*" -m pip download "*)
    for argument; do case "$argument" in --dest=*) dest=\${argument#--dest=} ;; esac; done
    printf x >>"$FAKE_FOLDER/calls"
    eval "$FAKE_DOWNLOAD" ;;
  *) PATH="$REAL_PATH" exec python3 "$@" ;;
esac
`;

const wheelScript = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name in ["cc.so.2", "framework.so.2", "cc.2.dylib", "framework.2.dylib"]:
        wheel.writestr("tensorflow/libtensorflow_" + name, "library " + name)
    wheel.writestr("tensorflow/python/ops.py", "not wanted")
    wheel.writestr("tensorflow/python/_pywrap_tensorflow.so", "not wanted")
    wheel.writestr("nvidia/cuda_nvcc/bin/ptxas", "#!/bin/sh")
    wheel.writestr("nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc", "bitcode")
    wheel.writestr("nvidia/cudnn/lib/libcudnn.so.9", "library")
    wheel.writestr("nvidia/cudnn/include/cudnn.h", "not wanted")
`;
