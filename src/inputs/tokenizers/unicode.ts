// Characters as the Rust tokenizers know them. They go by Unicode 8 to 10, by the property, and JavaScript by the newest:
// what has become a mark, a punctuation mark or a format character since (or decomposable) is none of it to models.
// (test/reference/characters.py asks them about every character; ranges go over what is neither.)

const SINCE_8 =
  "\\u{61d}\\u{7fd}\\u{890}-\\u{8e2}\\u{9fd}-\\u{9fe}\\u{a76}\\u{afa}-\\u{aff}\\u{b55}\\u{c04}-\\u{c3c}\\u{c77}\\u{c84}\\u{d00}\\u{d3b}-\\u{d3c}\\u{d81}\\u{eba}\\u{ece}\\u{180f}-\\u{1886}\\u{1abf}-\\u{1aeb}\\u{1b4e}-\\u{1b4f}\\u{1b7d}-\\u{1b7f}\\u{1df6}-\\u{1dfb}\\u{2e43}-\\u{2e5d}\\u{a82c}\\u{a8c5}\\u{a8ff}\\u{a9bd}\\u{10d24}-\\u{10f89}\\u{11070}-\\u{11074}\\u{110c2}-\\u{110cd}\\u{111c9}\\u{111cf}\\u{1123e}-\\u{11241}\\u{1133b}\\u{113bb}-\\u{1145e}\\u{11660}-\\u{1166c}\\u{116b9}\\u{1182f}-\\u{11fff}\\u{12ff1}-\\u{1612f}\\u{16d6d}-\\u{16f4f}\\u{16fe2}-\\u{16fe4}\\u{1cf00}-\\u{1cf46}\\u{1e000}-\\u{1e6f5}\\u{1e944}-\\u{1e95f}";
const known = (set: string, flags: string) => new RegExp(set.replace("$", `(?![${SINCE_8}])`), flags);

/** What clean_text drops. */
export const DROPPED = known("$[\\p{Cf}\\p{Co}\\ufffd]|(?![\\t\\n\\r])\\p{Cc}", "u");
export const PUNCTUATION = known("[\\u{166d}\\u{111c9}]|$[\\p{P}!-/:-@[-`{-~]", "gu");
/** What strip_accents drops. */
export const ACCENTS = known("[\\u1734\\u{1171e}]|$\\p{Mn}", "gu");
