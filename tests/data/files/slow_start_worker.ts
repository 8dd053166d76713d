import sharp from "sharp";

// Starts as a thread that is interrupted after each setting: other threads see the process as it is then.
for (const setting of ["block", "unblock"] as const) {
  const set = sharp[setting];
  sharp[setting] = (options) => {
    set(options);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  };
}
await import("@/lib/data/files/images.ts");
(globalThis as unknown as Worker).postMessage("started");
