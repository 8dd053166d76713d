import { clamp } from "@/lib/numbers.ts";
import type { Backend, Found, FromWorker, LiveModel, SentFrame, ToWorker } from "./protocol.ts";

/** More do not make so small a network faster. */
const MOST_THREADS = 4;

/**
 * WebAssembly's threads, which browsers give pages that are isolated from all others: that the server's headers say. They
 * wait for each other at full speed, so that half of the cores are left to the camera, the page and what it draws.
 */
export const threads = crossOriginIsolated ? clamp(navigator.hardwareConcurrency >> 1, 1, MOST_THREADS) : 1;

/** The worker that finds faces, seen from the page: one frame at a time. */
export class Tracker {
  readonly #worker = new Worker(new URL("worker.js", document.baseURI), { type: "module" });
  #answer = Promise.withResolvers<Exclude<FromWorker, { type: "failed" }>>();

  private constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "failed") this.#answer.reject(new Error(data.message));
      else this.#answer.resolve(data);
    };
    // without a message where the script itself is missing, or not sent as one
    this.#worker.onerror = (event) => this.#answer.reject(new Error(event.message || "worker.js cannot be loaded"));
  }

  /** Loads the runtime and the model. Throws where either cannot be used here. */
  static async open(backend: Backend): Promise<{ tracker: Tracker; model: LiveModel }> {
    const tracker = new Tracker();
    try {
      const base = new URL(".", document.baseURI).href;
      const { model } = await tracker.#ask<"opened">({ type: "open", backend, base, threads }, []);
      return { tracker, model };
    } catch (error) {
      tracker.close();
      throw error;
    }
  }

  /** The frame's faces; its bitmap comes back with them. */
  find(frame: Omit<SentFrame, "type">): Promise<Found> {
    return this.#ask<"faces">({ type: "frame", ...frame }, [frame.bitmap]);
  }

  /** What was asked is not answered any more. */
  close(): void {
    this.#worker.terminate();
  }

  #ask<T extends FromWorker["type"]>(message: ToWorker, transfer: Transferable[]) {
    this.#answer = Promise.withResolvers();
    this.#worker.postMessage(message, transfer);
    return this.#answer.promise as Promise<FromWorker & { type: T }>;
  }
}
