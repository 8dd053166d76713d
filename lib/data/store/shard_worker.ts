/** The worker of `buildStore`. */
import { open300wLp } from "@/lib/data/sources/300w_lp.ts";
import { serveShards } from "@/lib/data/store/serve_shards.ts";

serveShards(open300wLp);
