import type { Cluster } from "@/lib/tensorflow/collectives/cluster.ts";
import { assert } from "@/tests/support.ts";

/** Ranks on this machine, at ports that nobody has now. */
export function freeAddresses(count: number): string[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const addresses = listeners.map(({ addr }) => `127.0.0.1:${(addr as Deno.NetAddr).port}`);
  for (const listener of listeners) listener.close();
  return addresses;
}

/** What a script that gets a cluster, null for one rank, prints as JSON, at each of its ranks. */
export async function runRanks<T>(script: URL, count: number, ...args: string[]): Promise<T[]> {
  const addresses = freeAddresses(count);
  return await Promise.all(addresses.map(async (_, rank) => {
    const cluster: Cluster | null = count > 1 ? { addresses, rank } : null;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-ffi",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        script.pathname,
        JSON.stringify(cluster),
        ...args,
      ],
    }).output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert(code === 0, `rank ${rank}: ${errors}`);
    return JSON.parse(text!);
  }));
}
