// Which of many texts begin at a place of a word: they lie sorted, and each letter of the word leaves fewer that it may be. (A
// tree of letters takes hundreds of bytes for each letter of a file.)

/** Calls `found` with each end, the nearest first, and with the text's index. Returns where it stopped looking. */
export type Beginnings = (word: string, from: number, found: (end: number, index: number) => void) => number;

/** `texts` are sorted as sort() does, without an empty one. */
export function beginnings(texts: readonly string[]): Beginnings {
  /** The first of texts [low, high), alike up to a place, that has a unit or a higher one there. */
  const first = (low: number, high: number, place: number, unit: number): number => {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (texts[middle].charCodeAt(place) >= unit) high = middle;
      else low = middle + 1; // or it has ended
    }
    return low;
  };
  /** Where texts of each first unit begin and end. */
  const starts = new Map<number, [low: number, high: number]>();
  for (let low = 0; low < texts.length; ) {
    const unit = texts[low].charCodeAt(0);
    const high = first(low, texts.length, 0, unit + 1);
    starts.set(unit, [low, high]);
    low = high;
  }

  return (word, from, found) => {
    const range = starts.get(word.charCodeAt(from));
    if (!range) return from + 1;
    let [low, high] = range;
    for (let at = from + 1; ; at++) {
      if (texts[low].length === at - from) found(at, low);
      if (at >= word.length) return at;
      const unit = word.charCodeAt(at);
      low = first(low, high, at - from, unit);
      high = first(low, high, at - from, unit + 1);
      if (low === high) return at + 1;
    }
  };
}
