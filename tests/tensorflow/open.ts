// Run by backend_test.ts in a process of its own, with the permissions that tasks have: open.ts cpu|gpu
import { openTensorFlow } from "@/lib/tensorflow/backend.ts";

try {
  const tensorFlow = await openTensorFlow({ device: Deno.args[0] as "cpu" | "gpu", threads: 1 });
  console.log(tensorFlow.description);
} catch (error) {
  console.log(String(error));
}
