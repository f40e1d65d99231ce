// Text in segments (UAX 29) in time linear in its length: V8's Intl.Segmenter takes longer for each segment the longer its
// text is, so it gets a stretch at a time, and goes on from a border that the stretch's end has no part in.

const STRETCH = 256; // UTF-16 units
const MOST_WORDS = 2048; // of a stretch of words without a space, where another border must do

/** The segments of a text in order, each with its place. */
export function* segmented(segmenter: Intl.Segmenter, text: string): Generator<{ index: number; segment: string }> {
  const { granularity } = segmenter.resolvedOptions();
  let length = STRETCH;
  for (let from = 0; from < text.length; ) {
    const half = /[\ud800-\udbff]/.test(text[from + length - 1]); // of a surrogate pair
    const stretch = text.slice(from, from + length - Number(half));
    const end = from + stretch.length >= text.length;
    const found = Array.from(segmenter.segment(stretch));
    // The last one may go on, and what follows it may join it to the one before.
    let last = found.length - (granularity === "grapheme" ? 1 : 2);
    // Dictionaries divide all words between two spaces together.
    if (granularity === "word" && length < MOST_WORDS) while (last > 0 && !/\s/.test(found[last].segment)) last--;
    if (!end && last < 1) {
      length *= 2;
      continue;
    }
    const whole = end ? found : found.slice(0, last);
    for (const { index, segment } of whole) yield { index: from + index, segment };
    const { index, segment } = whole[whole.length - 1];
    from += index + segment.length;
    length = STRETCH;
  }
}
