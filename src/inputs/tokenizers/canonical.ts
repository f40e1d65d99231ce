// Marks in Unicode's canonical order, for texts that have very many on one letter: String.normalize() takes quadratic time
// to sort them.

/** Marks above, and through, a letter: of the highest usual class and of the lowest. */
const ABOVE = "\u0301";
const THROUGH = "\u0334";

/** Whether Unicode puts the second character before the first. */
const swaps = (a: string, b: string): boolean => (a + b).normalize("NFD") !== a + b;

/** A text of decomposed characters with all its marks in order; those of one class stay in theirs. */
export function ordered(text: string): string {
  const chars = [...text];
  const marks = [...new Set(chars)].filter((char) => swaps(char, THROUGH) || swaps(ABOVE, char));
  marks.sort((a, b) => Number(swaps(a, b)) - Number(swaps(b, a)));
  const ranks = new Map<string, number>();
  for (const [i, mark] of marks.entries()) {
    const before = i ? ranks.get(marks[i - 1])! : 0;
    ranks.set(mark, before + Number(i > 0 && swaps(mark, marks[i - 1])));
  }
  const out: string[] = [];
  let run: string[] = [];
  const flush = () => {
    for (const mark of run.sort((a, b) => ranks.get(a)! - ranks.get(b)!)) out.push(mark);
    run = [];
  };
  for (const char of chars) {
    if (ranks.has(char)) run.push(char);
    else {
      flush();
      out.push(char);
    }
  }
  flush();
  return out.join("");
}
