import { resumeExperiment } from "@/lib/experiment.ts";
import { isThere } from "@/lib/files.ts";
import { pythonProgram } from "@/tests/python.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { endless, withoutNpx } from "@/tests/tasks/children.ts";
import { DrawnActor } from "@/tests/track/drawn_video.ts";
import { ffmpeg, hasFfmpeg, writeVideo } from "@/tests/track/video_files.ts";
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

/** Runs a task on a terminal, and presses Ctrl-C once it has written a word. */
async function onTerminal(
  word: string,
  task: readonly string[],
): Promise<{ readonly status: number; readonly text: string }> {
  const { stdout, stderr } = await new Deno.Command(pythonProgram, {
    args: ["-c", terminalScript, word, Deno.execPath(), "task", "--quiet", ...task],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1", ...withoutNpx },
  }).output();
  const decoder = new TextDecoder();
  assert(stdout.length > 0, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

/** What stood in the one line that moves, which is never wrapped. */
function movingLines(text: string): string[] {
  const drawn = text.split("\r\x1b[K").map((line) => line.split("\x1b")[0]!.split(/[\r\n]|\^C/)[0]!);
  const moving = drawn.filter((line) => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /.test(line));
  for (const line of moving) assert(line.length < 80, line);
  return moving;
}

Deno.test("on a terminal, deno task train keeps one line moving within 80 columns, and ends well at Ctrl-C", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const { status, text } = await onTerminal("░", ["train", ...endless, "--run", run]);
  assertEquals(status, 130);
  const moving = movingLines(text);
  for (const stage of ["Opening the faces and the network", "Tracing the first step"]) {
    assert(new Set(moving.filter((line) => line.includes(stage))).size > 1, `${stage} does not move: ${text}`);
  }
  assert(moving.some((line) => /█*░+ \d+\/100000 · .* left$/.test(line)), text);
  const [, stopped] = /Stopped after step (\d+)\. To go on: deno task .*train /.exec(text)!;
  using experiment = await resumeExperiment(run);
  assertEquals(experiment.step, Number(stopped));
});

Deno.test({
  name: "on a terminal, deno task track keeps one line moving, and ends well at Ctrl-C",
  ignore: !hasFfmpeg,
  async fn() {
    await using folder = await temporaryFolder();
    const [clip, video, out] = ["clip.mp4", "video.mp4", "out"].map((name) => `${folder.path}/${name}`);
    await writeVideo(clip!, [new DrawnActor({ seed: "anna", size: 240 }).draw({}).picture]);
    await ffmpeg("-stream_loop", "5000", "-i", clip!, "-c", "copy", video!);
    const { status, text } = await onTerminal("frame ", ["track", video!, "--out", out!]);
    assertEquals([status, await isThere(out!)], [130, false]);
    assert(movingLines(text).some((line) => /frame \d+\/5001 {2}1 face {2}\d+ frames\/s$/.test(line)), text);
    assert(!/frame \d[^\r]*\n/.test(text), `lines that stay: ${text}`);
  },
});
