import { assert, assertEquals } from "@/tests/support.ts";

const COMMENT = /(?<=^|\s)\/\*.*?\*\/|^[ \t]*\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*|(?<=\s)\/\/[^\n]*/gms;
/** Phrases that hide who does what: name the subject, such as "called with", "`count` of them", "facts about". */
const OBSCURE = /\b(?:told|so many|what (?:there is to know|is to be known))\b/i;

const root = new URL("../", import.meta.url);

/** Each comment as one line, without its marks; lines of "//" that follow each other are one comment. */
function commentsOf(source: string): string[] {
  return Array.from(
    source.matchAll(COMMENT),
    ([text]) => text.replace(/\*\/$/, "").replace(/^\s*(?:\/\*+|\*|\/\/)/gm, "").replace(/\s+/g, " ").trim(),
  );
}

/** Comments that do not begin with their subject, or hide it. */
function unclearComments(source: string): string[] {
  return commentsOf(source).filter((comment) => comment.startsWith("Of ") || OBSCURE.test(comment));
}

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) yield* sourceFiles(`${folder}${name}/`);
    else if (/\.(?:ts|as)$/.test(name)) yield folder + name;
  }
}

Deno.test("commentsOf() finds comments of one line and of several, and no addresses and patterns of files", () => {
  const source = `// first
// and more
const a = "https://example.org"; // second
/** Third. */
const b = "lib/*.ts"; /* fourth */
  /**
   * Fifth, so
   * many
   */`;
  assertEquals(commentsOf(source), ["first and more", "second", "Third.", "fourth", "Fifth, so many"]);
});

Deno.test("unclearComments() names comments that begin with Of, and those with phrases that hide their subject", () => {
  for (
    const comment of [
      "/** Of a box, in pixels. */",
      "// Of a box",
      "/**\n * Of a box,\n * in pixels.\n */",
      "/** Told of each face. */",
      "const a = 1; // is told",
      "/** For so\n * many faces. */",
      "/** What is to be known of it. */",
    ]
  ) {
    assertEquals(unclearComments(comment).length, 1);
  }
  assertEquals(unclearComments('/** Side of a box. */\nconst a = "is told"; // of it'), []);
});

Deno.test("comments in lib and tasks begin with their subject, and none hides it", async () => {
  let count = 0;
  for (const folder of ["lib/", "tasks/"]) {
    for await (const file of sourceFiles(folder)) {
      const source = await Deno.readTextFile(new URL(file, root));
      count += commentsOf(source).length;
      assertEquals({ file, unclear: unclearComments(source) }, { file, unclear: [] });
    }
  }
  assert(count > 2000, `found only ${count} comments`);
});
