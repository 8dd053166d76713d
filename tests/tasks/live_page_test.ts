/** The page of `deno task serve` as people have it: in a browser, with the weights that come along. */
import { nme } from "@/lib/evaluate/nme.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { drawCamera, openLivePage } from "@/tests/tasks/live_page.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { chromiumPath } from "@/tests/view/chromium.ts";

const ignore = !chromiumPath;

Deno.test({
  name: "the page tracks a camera's turning, talking face near its true landmarks, isolated, and calls no other place",
  ignore,
  async fn() {
    await using folder = await temporaryFolder();
    const camera = await drawCamera(`${folder.path}/camera.y4m`);
    await using live = await openLivePage({ camera: camera.path });
    assert(await live.page.evaluate("crossOriginIsolated"), "The page is not isolated: it has one thread");
    await live.page.click("#start-camera");
    const seen = await live.seen(60);
    const errors = seen.map(({ number, faces }) => {
      assertEquals(faces.map(({ id }) => id), [1]);
      return nme({ predicted: Float32Array.from(faces[0]!.landmarks), truth: camera.truths[number]! }, 2);
    });
    const mean = errors.reduce((sum, error) => sum + error) / errors.length;
    assert(mean < 4.5, `${mean} %`);
    assertEquals(live.complaints, []);
  },
});
