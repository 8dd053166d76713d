/**
 * Shows on standard error how far the conversion of a source's files is: a line that counts on a terminal, elsewhere
 * one line at each quarter.
 */
export function conversionLine(): (done: number) => void {
  const step = Deno.stderr.isTerminal() ? 1 : 25;
  let shown = -1;
  return (done) => {
    const percent = Math.floor(100 * done / step) * step;
    if (percent <= shown) return;
    shown = percent;
    const text = `Converting the face model, once: ${percent} %`;
    const ending = step === 25 || percent === 100 ? "\n" : "";
    Deno.stderr.writeSync(new TextEncoder().encode((step === 1 ? "\r" : "") + text + ending));
  };
}
