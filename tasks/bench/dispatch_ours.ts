import * as tf from "@tensorflow/tfjs";
import { execute, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import type { DispatchContestant } from "./dispatch.ts";
import { smallOps, timeCalls } from "./dispatch_ops.ts";
import { contestantOptions, serve } from "./serve.ts";

const { calls, threads } = contestantOptions<DispatchContestant>();
await openTensorFlow({ device: "cpu", threads });
const x = tf.ones([2, 2]);
const ops = { ...smallOps(), "execute() of AddV2": () => execute("AddV2", {}, [x, x], 1)[0]!.dispose() };
timeCalls(ops, calls);
await serve(() => timeCalls(ops, calls));
