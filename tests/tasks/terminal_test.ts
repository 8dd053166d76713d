import { resumeExperiment } from "@/lib/experiment.ts";
import { pythonProgram } from "@/tests/python.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Runs a program on a terminal of 80 columns, presses Ctrl-C once it has written a word; prints what it wrote, as JSON. */
const terminalScript = `
import fcntl, json, os, pty, struct, sys, termios
word, *command = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
text = b""
pressed = False
while True:
    try: part = os.read(terminal, 65536)
    except OSError: break # it has ended
    if not part: break
    text += part
    if not pressed and word.encode() in text:
        pressed = True
        os.write(terminal, b"\\x03")
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps({"status": status, "text": text.decode(errors="replace")}))
`;

Deno.test("on a terminal, deno task train keeps one line moving within 80 columns, and ends well at Ctrl-C", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const flags = [
    "--fast-dev-run",
    "--width",
    "4",
    "--workers",
    "0",
    "--steps",
    "100000",
    "--device",
    "cpu",
    "--run",
    run,
  ];
  const { stdout, stderr } = await new Deno.Command(pythonProgram, {
    args: ["-c", terminalScript, "░", Deno.execPath(), "task", "--quiet", "train", ...flags],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assert(stdout.length > 0, decoder.decode(stderr));
  const { status, text } = JSON.parse(decoder.decode(stdout)) as { status: number; text: string };
  assertEquals(status, 130);
  const drawn = text.split("\r\x1b[K").map((line) => line.split("\x1b")[0]!.split(/[\r\n]|\^C/)[0]!);
  const moving = drawn.filter((line) => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /.test(line));
  for (const line of moving) assert(line.length < 80, line);
  for (const stage of ["Opening the faces and the network", "Tracing the first step"]) {
    assert(new Set(moving.filter((line) => line.includes(stage))).size > 1, `${stage} does not move: ${text}`);
  }
  assert(moving.some((line) => /█*░+ \d+\/100000 · .* left$/.test(line)), text);
  const [, stopped] = /Stopped after step (\d+)\. To go on: deno task train /.exec(text)!;
  using experiment = await resumeExperiment(run);
  assertEquals(experiment.step, Number(stopped));
});
