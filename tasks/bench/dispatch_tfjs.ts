import * as tf from "@tensorflow/tfjs";
import type { DispatchContestant } from "./dispatch.ts";
import { smallOps, timeCalls } from "./dispatch_ops.ts";
import { contestantOptions, serve } from "./serve.ts";

const { calls } = contestantOptions<DispatchContestant>();
await tf.setBackend("cpu");
const ops = smallOps();
timeCalls(ops, calls);
await serve(() => timeCalls(ops, calls));
