/** The worker of `openBatches`. */
import { serveSamples } from "@/lib/data/batches/serve_samples.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";

serveSamples(openSource);
