// What a model that does not classify whole texts needs of files beside its config: its classes are pieces of the
// vocabulary, or it reads images. Loaded when such a model is.

import type { Files } from "../checkpoint/files.ts";
import { readJson } from "../checkpoint/json.ts";
import { RelpropError } from "../errors.ts";
import { encodeImage } from "../inputs/images/encode.ts";
import type { Image } from "../inputs/images/picture.ts";
import { outcome, preparation, processor } from "../inputs/images/prepare.ts";
import { spelling } from "../inputs/tokenizers/spelling.ts";
import { NONE } from "../inputs/tokenizers/template.ts";
import type { Tokenizer } from "../inputs/tokenizers/wordpiece.ts";
import type { Architecture } from "../models/family.ts";

type Json = Record<string, unknown>;

export async function completed(
  design: Architecture,
  files: Files,
  tokenizerJson: Json = {},
  signal?: AbortSignal,
): Promise<Architecture> {
  if (design.task.endsWith("lm")) {
    return { ...design, labels: pieces(tokenizerJson, design.labels.length), spell: spelling(tokenizerJson.decoder) };
  }
  if (design.image) {
    const found = await readJson(files, "preprocessor_config.json", { code: "ConfigInvalid", most: 2 ** 20, signal });
    if (!found) throw new RelpropError("MissingFile", "the model has no preprocessor_config.json", {});
    const config = processor(found, design.image.processor);
    const size = design.sized && outcome(config);
    const sized = size ? design.sized!(size) : design;
    const image = { ...sized.image!, prepare: preparation(config, sized.image!) };
    return { ...sized, image, encode: (input) => encodeImage(image, input as Image) };
  }
  return design;
}

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

/** The vocabulary's pieces by id. */
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
