// The angles by which rotary positions (Su et al., 2021) turn heads, as inputs of a network.

import type { Data } from "../backends/backend.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import type { Encoded, Tables } from "../inputs/encoded.ts";
import type { Rope } from "./rope.ts";

const f = Math.fround;

/** Cosines and sines by which each of `t` tokens from the one at `from` on turns the halves of a head, in a text of `tokens`. */
function angles(
  out: Float32Array,
  t: number,
  { frequencies, scale, beyond }: Rope,
  from: number,
  tokens: number,
): void {
  const by = beyond && tokens > beyond.tokens ? beyond.frequencies(tokens) : frequencies;
  const half = by.length;
  for (let i = 0; i < t; i++) {
    for (let k = 0; k < half; k++) {
      const angle = f((from + i) * by[k]);
      out[2 * i * half + k] = Math.cos(angle) * scale;
      out[(2 * i + 1) * half + k] = Math.sin(angle) * scale;
    }
  }
}

/** The angles of each kind of layer, as inputs of a network: the same for all texts, or of each where its length decides. */
export function rotations(ropes: Readonly<Record<string, Rope>>) {
  const width = ({ frequencies }: Rope) => 2 * frequencies.length;
  return {
    /** Those of the layers of a kind, for x [batch, t, d]. */
    of: (kind: string, { shape: [batch, t] }: Tensor): Tensor =>
      input(`angles ${kind}`, [...(ropes[kind].beyond ? [batch] : []), t, width(ropes[kind])]),
    data(t: number, _: Tables, texts: readonly Pick<Encoded, "tokens" | "follows">[]): Data {
      const found = Object.entries(ropes).map(([kind, rope]) => {
        const each = rope.beyond ? texts : texts.slice(0, 1);
        const size = t * width(rope);
        const out = new Float32Array(each.length * size);
        for (const [i, { tokens, follows = 0 }] of each.entries()) {
          angles(out.subarray(i * size, (i + 1) * size), t, rope, follows, follows + tokens.length);
        }
        return [`angles ${kind}`, out] as const;
      });
      return Object.fromEntries(found);
    },
    /** Whether texts of so many tokens are turned otherwise than those of one less. */
    changes: (tokens: number): boolean =>
      Object.values(ropes).some(({ beyond }) => {
        if (!beyond || tokens <= beyond.tokens) return false;
        return tokens === beyond.tokens + 1 || beyond.frequencies(tokens) !== beyond.frequencies(tokens - 1);
      }),
  };
}
