const libc = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const STANDARD_ERROR = 2;
const WRITE_ONLY = 1;

/** Makes the call with the process's standard error, also that of C code, going nowhere. */
export function withoutStandardError<T>(call: () => T): T {
  const library = Deno.dlopen(Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6", libc);
  const { open, dup, dup2, close } = library.symbols;
  const nowhere = open(new TextEncoder().encode("/dev/null\0"), WRITE_ONLY);
  const original = dup(STANDARD_ERROR);
  dup2(nowhere, STANDARD_ERROR);
  try {
    return call();
  } finally {
    dup2(original, STANDARD_ERROR);
    close(original);
    close(nowhere);
    library.close();
  }
}
