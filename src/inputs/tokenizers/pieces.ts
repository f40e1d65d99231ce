// What every model of tokenizer.json makes of a word: pieces of a vocabulary.

import type { Budget } from "./budget.ts";
import { invalid, show } from "./fields.ts";

/** A piece of a word: from which of its UTF-16 units to which. */
export interface Found {
  id: number;
  from: number;
  to: number;
}

export interface Pieces {
  ids: Map<string, number>;
  unk: number | null;
  /** The pieces of a word, in order; those of one character, in bytes, share its range. */
  of(word: string, budget: Budget): Found[];
}

/** The pieces of a text's bytes, if the vocabulary has them all. */
export function byteIds(ids: ReadonlyMap<string, number>): (text: string) => number[] | undefined {
  const name = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  const bytes = Array.from({ length: 256 }, (_, byte) => ids.get(name(byte)));
  const encoder = new TextEncoder();
  return (text) => {
    const found = Array.from(encoder.encode(text), (byte) => bytes[byte]);
    return found.every((id) => id !== undefined) ? (found as number[]) : undefined;
  };
}

export function known(ids: ReadonlyMap<string, number>, text: string, field: string): number {
  const id = ids.get(text);
  if (id !== undefined) return id;
  throw invalid(field, `is ${show(text)}, not in the vocabulary`);
}
