/** Which some programs write before a text. */
export const BYTE_ORDER_MARK = /^\ufeff/;

/**
 * What JSON says, before which there may be a byte order mark, as editors on Windows write it. Throws a SyntaxError that says,
 * as part of a sentence, what stands where something else is wanted.
 */
export function jsonOf(json: string): unknown {
  const text = json.replace(BYTE_ORDER_MARK, "");
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`it is no JSON: ${faultIn(text)}`);
  }
}

const NAME = 'a name in "quotes"', VALUE = "a value";
const words: Readonly<Record<string, string>> = { ",": "a comma", ":": "a colon" };

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A string up to its end, or to what can be in none. */
const STRING = /"(?:[^"\\\p{Cc}]+|[\x7f-\x9f]+|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/uy;
const WORD = /[\p{L}\d_.+-]{1,20}|./uy;

/** Goes through the text, knowing what may come next, up to where something else does. */
function faultIn(text: string): string {
  const closers: string[] = [];
  let at = 0, wanted = [VALUE];
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [found = ""] = pattern.exec(text) ?? [];
    at += found.length;
    return found;
  };
  const afterValue = () => closers.length > 0 ? [",", closers.at(-1)!] : ["nothing more"];
  for (;;) {
    take(SPACE);
    const mark = text[at] ?? "", isValue = wanted.includes(VALUE);
    if (mark === '"' && (isValue || wanted.includes(NAME))) {
      take(STRING);
      if (text[at] !== '"') return fault(text, { at, wanted: [text[at] === "\\" ? "\\\\ for a backslash" : '"'] });
      at++;
      wanted = isValue ? afterValue() : [":"];
    } else if (isValue && (mark === "{" || mark === "[")) {
      at++;
      closers.push(mark === "{" ? "}" : "]");
      wanted = [mark === "{" ? NAME : VALUE, closers.at(-1)!];
    } else if (isValue && take(SCALAR)) wanted = afterValue();
    else if (mark !== "" && wanted.includes(mark)) {
      at++;
      if (mark === ",") wanted = [closers.at(-1) === "}" ? NAME : VALUE];
      else if (mark === ":") wanted = [VALUE];
      else {
        closers.pop();
        wanted = afterValue();
      }
    } else return fault(text, { at, wanted });
  }
}

function fault(text: string, { at, wanted }: { readonly at: number; readonly wanted: readonly string[] }): string {
  const lines = text.slice(0, at).split("\n");
  const place = `line ${lines.length}, column ${[...lines.at(-1)!].length + 1}`;
  WORD.lastIndex = at;
  const [found] = WORD.exec(text) ?? [];
  const what = at >= text.length ? `it ends in ${place}` : `${place} has ${visible(found ?? "a line's end")}`;
  return `${what}, wanted ${wanted.map((mark) => words[mark] ?? mark).join(" or ")}`;
}

/** A character that shows nothing, or moves what is shown, by its number. */
function visible(found: string): string {
  return found.replace(/^\p{C}/u, (mark) => `U+${mark.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`);
}
