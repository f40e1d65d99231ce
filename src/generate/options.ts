// The options of generate().

import { type ExplainOptions, explainOptions, single } from "../explain/options.ts";
import { callback, either, flag, number, type Options, object, signal, whole } from "../options/kinds.ts";
import type { GeneratedToken } from "./generate.ts";

export interface GenerateOptions {
  /** The most tokens to add (default 20). The model's own stop token, or its most tokens, may end the text before. */
  maxNewTokens?: number;
  /** 0, the default, takes the likeliest token each time; above, tokens are drawn by softmax(logits / temperature). */
  temperature?: number;
  /** Draws among so many of the likeliest tokens only. */
  topK?: number;
  /** Draws among the fewest of the likeliest tokens that have this probability together only. */
  topP?: number;
  /** Decides what is drawn (default 0). */
  seed?: number;
  /** Also explains each token, `true` by the defaults of explain(); `contrast` is with another token's logit. */
  explain?: boolean | Pick<ExplainOptions, "method" | "contrast" | "at" | "layers" | "groups" | "heads" | "neurons">;
  signal?: AbortSignal;
  /** Is told of each token as soon as there is one. */
  onProgress?: (token: GeneratedToken) => void;
}

const { layers, groups, heads, neurons } = explainOptions;
const { method, contrast, at } = single;

export const generateOptions = {
  signal,
  maxNewTokens: whole(0),
  temperature: number("a finite number from 0", 0, Number.MAX_VALUE),
  topK: whole(1),
  topP: number("a number above 0 and at most 1", Number.MIN_VALUE, 1),
  seed: whole(0),
  explain: either(flag, object({ method, contrast, at, layers, groups, heads, neurons })),
  onProgress: callback,
} satisfies Options<GenerateOptions>;
