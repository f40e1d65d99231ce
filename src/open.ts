// What a model that does not classify whole texts needs of files beside its config: its classes are pieces of the
// vocabulary, or its vectors are pooled as sentence-transformers' files say. Loaded when such a model is.

import { quote, RelpropError } from "./errors.ts";
import type { Files } from "./files.ts";
import { encodeImage } from "./images/encode.ts";
import type { Image } from "./images/picture.ts";
import { outcome, preparation, processor } from "./images/prepare.ts";
import type { Architecture } from "./models/family.ts";
import type { Bytes } from "./safetensors.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { spelling } from "./tokenizers/spelling.ts";
import { NONE } from "./tokenizers/template.ts";

type Json = Record<string, unknown>;

const MOST = 2 ** 20; // bytes of a file of sentence-transformers

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
    const found = await json(files, "preprocessor_config.json", signal);
    if (!found) throw new RelpropError("MissingFile", "the model has no preprocessor_config.json", {});
    const config = processor(found as Json, design.image.processor);
    const size = design.image.sized && outcome(config);
    const sized = size ? design.image.sized!(size) : design;
    const image = { ...sized.image!, prepare: preparation(config, sized.image!) };
    return { ...sized, image, encode: (input) => encodeImage(image, input as Image) };
  }
  return design.task === "embedding" ? { ...design, reads: await pooling(files, signal) } : design;
}

/** In place of a tokenizer, of models that read no texts. */
export const wordless: Tokenizer = {
  size: 0,
  unkId: null,
  padId: null,
  maskId: null,
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

/** Which tokens' vectors make a text's: the mean of all, or the first, by modules.json and the files it names. */
async function pooling(files: Files, signal?: AbortSignal): Promise<"mean" | "first"> {
  const modules = await json(files, "modules.json", signal);
  if (modules === undefined) return "mean";
  let how: "mean" | "first" = "mean";
  for (const one of Array.isArray(modules) ? (modules as Json[]) : []) {
    const type = String(one?.type).split(".").pop();
    if (type === "Transformer" || type === "Normalize") continue; // a cosine does not mind
    if (type !== "Pooling") {
      throw unsupported(`modules.json lists a ${quote(one?.type)}; supported are Transformer, Pooling, Normalize`);
    }
    const name = `${/^[\w-]{1,60}$/.test(String(one.path)) ? one.path : "1_Pooling"}/config.json`;
    const config = ((await json(files, name, signal)) ?? {}) as Json;
    const modes = Object.keys(config).filter((key) => key.startsWith("pooling_mode_") && config[key] === true);
    const mode = String(config.pooling_mode ?? modes.map((key) => key.slice(13, -7)).join(" and "));
    if (mode !== "mean" && mode !== "cls")
      throw unsupported(`${name} pools by ${quote(mode)}; supported are mean and cls`);
    how = mode === "cls" ? "first" : "mean";
  }
  return how;
}

async function json(files: Files, name: string, signal?: AbortSignal): Promise<unknown> {
  const file: Bytes | undefined = await files.open(name);
  if (!file) return undefined;
  if (file.size > MOST) throw new RelpropError("LimitExceeded", `${name} has ${file.size} bytes, the most is ${MOST}`);
  try {
    return JSON.parse(new TextDecoder().decode(await file.read(0, file.size, signal)));
  } catch (cause) {
    if (cause instanceof RelpropError) throw cause;
    throw new RelpropError("ConfigInvalid", `${name} is no JSON`, { file: name }, cause);
  }
}

const unsupported = (message: string) => new RelpropError("ConfigUnsupported", message);
