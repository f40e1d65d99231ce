// What sentence-transformers does to a text before the tokenizer sees it: a prompt goes before it, and upper case becomes
// lower. Offsets stay those of the user's text.

import type { Token } from "../../inputs/tokenizers/token.ts";
import type { Tokenizer } from "../../inputs/tokenizers/wordpiece.ts";
import type { Modules } from "./modules.ts";

/** The tokenizer of a prompt and a text; the prompt's tokens are marked like those of the template. */
export function prompted(
  tokenizer: Tokenizer,
  { prompt, lowercase }: Pick<Modules, "prompt" | "lowercase">,
  tokenizerJson: Readonly<Record<string, unknown>>,
): Tokenizer {
  if (!prompt && !lowercase) return tokenizer;
  const lower = lowercase ? lowering(tokenizerJson.added_tokens) : whole;
  return {
    ...tokenizer,
    encode(text, pair) {
      if (typeof text !== "string") return tokenizer.encode(text, pair);
      const first = lower(prompt + text);
      const second = pair === undefined ? undefined : lower(pair);
      const { tokens, ...rest } = tokenizer.encode(first.text, second?.text);
      const next = first.text.length + 1; // where the second text begins, after a line's end
      const own = (token: Token): Token => {
        if (token.start === null) return token;
        const [lowered, shift, at] =
          second && token.start >= next ? [second, text.length + 1, next] : [first, -prompt.length, 0];
        const [start, end] = [lowered.starts(token.start - at) + shift, lowered.ends(token.end! - at) + shift];
        return end > 0
          ? { ...token, start: Math.max(0, start), end }
          : { ...token, start: null, end: null, special: true };
      };
      return { ...rest, tokens: tokens.map(own) };
    },
  };
}

/** How many tokens of a text are the prompt's, those that the template puts before it included. */
export function promptTokens({ encode, unkId, padId, maskId }: Tokenizer, prompt: string): number {
  if (!prompt) return 0;
  const { tokens } = encode(prompt);
  const last = tokens.at(-1);
  const special = last && (last.special || [unkId, padId, maskId].includes(last.id));
  return tokens.length - Number(Boolean(special));
}

interface Lowered {
  text: string;
  /** Where what starts or ends at an offset of the lowered text did so before. */
  starts(at: number): number;
  ends(at: number): number;
}

const same = (at: number) => at;
const whole = (text: string): Lowered => ({ text, starts: same, ends: same });

/** Lower case, character by character as tokenizers' `Lowercase`, but for what is matched before normalisation. */
function lowering(added: unknown): (text: string) => Lowered {
  const literal = (Array.isArray(added) ? added : []).flatMap(({ content, normalized }) =>
    typeof content === "string" && content && normalized === false ? [content] : [],
  );
  const kept = literal.map((one) => one.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).sort((a, b) => b.length - a.length);
  const pieces = new RegExp([...kept, "[^]"].join("|"), "gu");
  return (text) => {
    let lowered = "";
    const [starts, ends]: [number[], number[]] = [[], []];
    for (const { 0: piece, index } of text.matchAll(pieces)) {
      const own = literal.includes(piece) ? piece : piece.toLowerCase();
      const even = own.length === piece.length; // "İ" becomes two characters, which share its range
      for (let i = 0; i < own.length; i++) {
        starts.push(even ? index + i : index);
        ends.push(even ? index + i + 1 : index + piece.length);
      }
      lowered += own;
    }
    return { text: lowered, starts: (at) => starts[at] ?? text.length, ends: (at) => (at ? ends[at - 1] : 0) };
  };
}
