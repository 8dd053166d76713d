/** The thread that watches the other ranks. */
import { watch, type WatchOrder } from "@/lib/tensorflow/collectives/watch.ts";

const worker = self as unknown as Worker;
worker.onmessage = ({ data }: MessageEvent<WatchOrder>) => watch(data);
