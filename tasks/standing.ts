/** The folder where the user stands, which is the working folder; `Deno.cwd()` would need leave to read all of it. */
export function standing(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}
