// relprop quantize DIR OUT: a checkpoint's matrices as whole numbers of 8 or 4 bits, in the format of compressed-tensors.

import { lstat, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { missing } from "../checkpoint/files.ts";
import { readJson } from "../checkpoint/json.ts";
import { quantising, type Width } from "../checkpoint/quantised/scheme.ts";
import { read } from "../checkpoint/safetensors.ts";
import { files } from "../checkpoint/sources.ts";
import { checkpoint, unwrapped } from "../checkpoint/tensors.ts";
import { quote, RelpropError } from "../errors.ts";
import { familyOf } from "../models/architecture.ts";
import type { AbortSignal } from "../options/globals.ts";
import { visible } from "../render/text.ts";
import { writeQuantised } from "./quantised_file.ts";
import { interrupt, print } from "./terminal.ts";
import { Usage } from "./usage.ts";

/** What lies next to the weights and stays as it is. */
const OTHERS = (
  "tokenizer.json tokenizer_config.json special_tokens_map.json added_tokens.json vocab.txt vocab.json merges.txt tokenizer.model " +
  "sentencepiece.bpe.model spiece.model generation_config.json chat_template.jinja chat_template.json preprocessor_config.json"
).split(" ");

/** `relprop quantize DIR OUT --to int8|int4` */
export async function quantizeCommand(texts: readonly string[], to = "int8"): Promise<void> {
  const [from, out] = texts;
  if (texts.length !== 2 || !from || !out) throw new Usage("quantize needs a model and a folder to write: DIR OUT");
  if (to !== "int8" && to !== "int4") throw new Usage(`\`--to\` is int8 or int4, not ${quote(to)}`);
  const progress = (done: number, of: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${of} tensors${done === of ? "\n" : ""}`);
  };
  await quantize(from, out, to, progress, interrupt());
  await print(`${visible(out)}\n`);
}

/** Writes a folder, all of it or nothing; `progress` is called with how many tensors are written, of how many. */
export async function quantize(
  from: string,
  out: string,
  to: Width,
  progress: (done: number, of: number) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const no = (why: string, cause?: unknown) =>
    new RelpropError("InvalidOption", `${quote(out)} ${why}`, { out }, cause);
  const written = <T>(writing: Promise<T>): Promise<T> =>
    writing.catch((cause) => {
      throw cause instanceof RelpropError ? cause : no(`cannot be written: ${cause.message}`, cause);
    });
  if (await lstat(out).catch(() => undefined)) throw no("is there already; nothing is overwritten");
  const source = await files(from, { signal });
  // A process that was killed leaves its own, and another may have its id.
  const part = `${out.replace(/[\\/]+$/, "")}.${crypto.randomUUID()}.part`;
  let made = false;
  try {
    const given = await readJson(source, "config.json", { code: "ConfigInvalid", most: 2 ** 20, signal });
    if (!given) throw missing(source, "config.json");
    const { own, columns, rename: renamed, fields } = await familyOf(given);
    if (columns || renamed || (await source.open("modules.json"))) {
      const message = `a checkpoint of ${quote(given.model_type)} with matrices that transformers does not read quantised, or with modules around it, is not written`;
      throw new RelpropError("ConfigUnsupported", `${message}: load() quantises it`, { field: "model_type" });
    }
    const shared = fields.read.tie_word_embeddings !== false;
    const { targets, config } = quantising(unwrapped(await checkpoint(source, signal), own), given, to, shared);
    await written(mkdir(part));
    made = true;
    const file = await written(open(join(part, "model.safetensors"), "wx"));
    try {
      await written(writeQuantised(file, targets, progress, signal));
    } finally {
      await written(file.close()); // some disks say only now that they are full
    }
    await written(writeFile(join(part, "config.json"), `${JSON.stringify(config, null, 2)}\n`));
    for (const name of OTHERS) {
      const file = await source.open(name);
      if (file) await written(writeFile(join(part, name), await read(file, 0, file.size, name, signal)));
    }
    await written(rename(part, out));
  } catch (error) {
    if (made) await rm(part, { recursive: true, force: true }).catch(() => {}); // the first error says more
    throw error;
  } finally {
    await source.close();
  }
}
