import type { Browser } from "playwright-core";

/** Where Debian, Fedora and macOS put it. */
const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The Chromium of this machine; undefined where there is none, so that tests can be skipped. */
export const chromiumPath = places.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** No graphics card is needed: WebGL runs on the CPU. */
const options = [
  "--no-sandbox",
  "--disable-gpu",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
];

/** Without limits of time, for slow machines. More options may be given. */
export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  Deno.env.set("__IS_WSL_TEST__", "1"); // else playwright looks into /proc as it loads, which Deno keeps from tests
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    executablePath: chromiumPath!,
    headless: true,
    args: [...options, ...more],
    timeout: 0,
  });
}
