// What the outputs of a language model are: the pieces of its vocabulary.

import { spelling } from "../inputs/tokenizers/spelling.ts";

type Json = Readonly<Record<string, unknown>>;

/** The vocabulary's pieces by id, and the bytes of UTF-8 that each stands for in a text. */
export function complete(tokenizerJson: Json, rows: number) {
  return { labels: pieces(tokenizerJson, rows), spell: spelling(tokenizerJson.decoder) };
}

function pieces({ model, added_tokens }: Json, rows: number): string[] {
  const labels = Array.from({ length: rows }, (_, id) => `[${id}]`); // rows that no piece has
  const vocab = (model as Json | undefined)?.vocab;
  const listed: [unknown, unknown][] = Array.isArray(vocab)
    ? vocab.map((entry, id) => [entry?.[0], id])
    : Object.entries((vocab ?? {}) as Json);
  const added = Array.isArray(added_tokens)
    ? added_tokens.map((one) => [one?.content, one?.id] as [unknown, unknown])
    : [];
  for (const [piece, id] of [...listed, ...added]) {
    if (typeof piece === "string" && Number.isInteger(id) && (id as number) < rows) labels[id as number] = piece;
  }
  return labels;
}

/** What is asked for, with pieces of the vocabulary in place of words that they stand for: "sea" for "Ġsea" or "▁sea". */
export function names<T extends { target?: unknown; contrast?: unknown }>(labels: readonly string[], asked: T): T {
  const piece = (word: unknown) => {
    const bare = String(word).replace(/^ /, "");
    if (typeof word !== "string" || labels.includes(word)) return word;
    return ["Ġ", "▁", ""].map((mark) => mark + bare).find((one) => labels.includes(one)) ?? word;
  };
  const all = (words: unknown) => (Array.isArray(words) ? words.map(piece) : piece(words));
  return { ...asked, target: all(asked.target), contrast: all(asked.contrast) };
}
