// Run by page_server_test.ts in a process that may listen at any address: prints the statuses by which servers answer.
import { get } from "node:http";
import { addressOf, servePage } from "@/tasks/serve/page_server.ts";

const files = new Map([["index.html", new TextEncoder().encode("<!doctype html>")]]);
for (const name of Deno.args) {
  await using server = servePage(files, { hostname: name, port: 0 });
  const { port } = server.addr;
  const { host } = new URL(addressOf(server.addr));
  const hosts = [host, `${name.includes(":") ? `[${name}]` : name}:${port}`, `evil.example:${port}`];
  console.log(name, ...await Promise.all(hosts.map((host) => statusOf(host, port))));
}

/** Of a request that calls the server so: fetch() sends no name but the address's. */
function statusOf(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ hostname: "127.0.0.1", port, headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}
