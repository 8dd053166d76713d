// Stands in for a task: tries what its argument lists, and prints how each ended.
const attempts: Record<string, () => unknown> = {
  "a file in the checkout": () => Deno.readTextFileSync(`${import.meta.dirname}/../../README.md`),
  "a file beside the run": () => Deno.readTextFileSync("decoy.txt"),
  "a system file": () => Deno.readTextFileSync("/etc/hostname"),
  "a file of the run": () => Deno.writeTextFileSync("run/file", ""),
  "a file of the code": () => Deno.writeTextFileSync(`${import.meta.dirname}/../../lib/decoy.ts`, ""),
  "a new file beside the run": () => Deno.writeTextFileSync("new", ""),
  "its own variable": () => Deno.env.get("HOME"),
  "a secret variable": () => Deno.env.get("SECRET_TOKEN"),
  "all variables": () => Deno.env.toObject(),
  "the host's name": () => Deno.hostname(),
  "a program": () => new Deno.Command("true").outputSync(),
  "the network": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
};

const refused = Object.entries(attempts).flatMap(([name, attempt]) => {
  try {
    attempt();
    return [];
  } catch (error) {
    return [error instanceof Deno.errors.NotCapable ? name : `${name}: ${error}`];
  }
});
console.log(JSON.stringify({ allowed: Object.keys(attempts).filter((name) => !refused.includes(name)), refused }));
