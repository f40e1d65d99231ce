import { RelpropError } from "../../errors.ts";
import { NONE } from "./template.ts";
import type { Tokenizer } from "./wordpiece.ts";

/** In place of a tokenizer, of models that read no texts. */
export const wordless: Tokenizer = {
  size: 0,
  unkId: null,
  padId: null,
  maskId: null,
  typed: false,
  template: NONE,
  truncation: "right",
  encode() {
    throw new RelpropError(
      "InvalidInput",
      "this model reads no texts but images (pixels, or a PNG or JPEG file), { rows } of numbers or { points }",
    );
  },
};
