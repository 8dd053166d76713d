import { fileURLToPath } from "node:url";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import { quantile } from "@/lib/numbers.ts";
import { pageFiles } from "@/tasks/serve/page_files.ts";
import { servePage } from "@/tasks/serve/page_server.ts";
import { cameraThatPlays, drawCamera, openLivePage } from "./live_page.ts";
import type { PageContestant } from "./page.ts";
import { contestantOptions, serve } from "./serve.ts";

const FRAMES = 300;

const { model, view, framesPerSecond } = contestantOptions<PageContestant>();
const folder = await Deno.makeTempDir({ prefix: "posmap-bench-" });
const camera = await drawCamera(`${folder}/camera.y4m`, { frameCount: 240, framesPerSecond });
const files = await pageFiles(
  await openOnnxModel(fileURLToPath(new URL(`../../data/weights/${model}`, import.meta.url))),
);
const server = servePage(files, { hostname: "127.0.0.1", port: 0 });
const live = await openLivePage({ server, chromium: cameraThatPlays(camera.path) });
await live.page.click("#start-camera");
await live.seen(1);
const megabytes = live.byteCount() / 1e6;
await live.page.click(`[data-view="${view}"]`);
await live.seen(60);
await Deno.remove(folder, { recursive: true }); // the browser has it open

await serve(async () => {
  const start = performance.now();
  const seen = await live.seen(FRAMES);
  const seconds = (performance.now() - start) / 1000;
  const latencies = seen.map(({ latency }) => latency);
  return [
    { unit: "frames/s", value: FRAMES / seconds },
    { label: "latency, median", unit: "ms", value: quantile(latencies, 0.5) },
    { label: "latency, 95 %", unit: "ms", value: quantile(latencies, 0.95) },
    { label: "sent to the first frame with a face", unit: "MB", value: megabytes },
  ];
});
