import type { Browser, Page } from "playwright-core";

export async function newPage(browser: Browser, width: number): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  page.setDefaultTimeout(0);
  return page;
}

/** Waits until what was done to a page is seen. */
export const drawn = (page: Page) =>
  page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");

/** In CSS pixels of a page's window. */
export type Place = [x: number, y: number];

/** Puts fingers on a page at these places, moves them there where they are as many as before, or lifts all for none. */
export async function fingersOn(page: Page): Promise<(...places: readonly Place[]) => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  let before = 0;
  return async (...places) => {
    const type = places.length > before ? "touchStart" : places.length === before ? "touchMove" : "touchEnd";
    before = places.length;
    const touchPoints = places.map(([x, y], id) => ({ x, y, id }));
    await session.send("Input.dispatchTouchEvent", { type, touchPoints });
    await drawn(page);
  };
}

/** What a page should never have. */
export interface Complaints {
  /** Errors that the page logged or threw. */
  readonly errors: string[];
  /** Addresses that it asked for, other than its own file and what it holds itself; none is answered. */
  readonly requests: string[];
}

/** A page without a network, on which everything that should not happen is written down. */
export async function openOffline(
  browser: Browser,
  { file, width }: { readonly file: string; readonly width: number },
): Promise<{ page: Page; complaints: Complaints }> {
  const page = await newPage(browser, width);
  const complaints: Complaints = { errors: [], requests: [] };
  page.on("console", (message) => message.type() === "error" && complaints.errors.push(message.text()));
  page.on("pageerror", (error) => complaints.errors.push(error.message));
  const address = `file://${file}`;
  page.on("request", (request) => {
    const url = request.url();
    if (url !== address && !/^(data|blob):/.test(url)) complaints.requests.push(url);
  });
  await page.route(/^(https?|wss?):/, (route) => route.abort());
  await page.goto(address);
  return { page, complaints };
}
