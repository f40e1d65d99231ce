// What transformers 4 has for BERT and its kin and 5 has removed. Loaded when a config asks for it.

import { bertFamily } from "./bert.ts";
import type { Family } from "./family.ts";
import { pruned } from "./pruned.ts";
import { relativeKeys } from "./relative_keys.ts";

/** Heads that were cut out before the model was saved, and positions as distances between tokens. */
export interface Older {
  pruned: typeof pruned;
  relativeKeys: typeof relativeKeys;
}

export const older: Older = { pruned, relativeKeys };

/** BERT with both. */
export const olderBert: Family = bertFamily(older);
