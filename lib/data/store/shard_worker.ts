/** The worker of `buildStore`. */
import { source300wLp } from "@/lib/data/sources/300w_lp.ts";
import { serveShards } from "@/lib/data/store/serve_shards.ts";

serveShards(source300wLp.open);
