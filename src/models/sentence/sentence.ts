// A sentence-transformers model: an encoder's folder, and modules around it that modules.json lists.

import type { Files } from "../../checkpoint/files.ts";
import { readJson } from "../../checkpoint/json.ts";
import { checkpoint, type Stored } from "../../checkpoint/tensors.ts";
import type { Weights } from "../../checkpoint/weights.ts";
import { RelpropError } from "../../errors.ts";
import type { Read } from "../../inputs/tokenizers/read.ts";
import type { Tokenizer } from "../../inputs/tokenizers/wordpiece.ts";
import type { Architecture } from "../family.ts";
import { readModules } from "./modules.ts";
import { embeddingModel } from "./network.ts";
import { prompted, promptTokens } from "./text.ts";

/** What loading a model asks of its modules. */
export interface Sentence {
  /** The encoder's own files. */
  encoder: Files;
  /** The modules' tensors, by their folder and name. */
  stored(signal?: AbortSignal): Promise<Map<string, Stored>>;
  /** The encoder with its modules, and the tokenizer with its prompt. */
  complete(
    encoder: Architecture,
    w: Weights,
    read: Read,
    signal?: AbortSignal,
  ): Promise<{ design: Architecture; tokenizer: Tokenizer }>;
}

/** The model of a folder with modules.json, or undefined where that is none of an embedding model. */
export async function sentence(files: Files, signal?: AbortSignal): Promise<Sentence | undefined> {
  const modules = await readModules(files, signal);
  if (!modules) return undefined;
  const encoderFiles = within(files, modules.folder);
  return {
    encoder: encoderFiles,
    async stored(signal) {
      const found = new Map<string, Stored>();
      for (const layer of modules.layers) {
        if (!("folder" in layer)) continue;
        const { folder } = layer;
        if (!(await files.open(`${folder}/model.safetensors`))) {
          const hint = "SentenceTransformer(model).save_pretrained(folder) saves such weights";
          throw new RelpropError("MissingFile", `${folder} has no model.safetensors; ${hint}`, { file: folder });
        }
        const own = await checkpoint(within(files, `${folder}/`), signal);
        for (const [name, { file, info }] of own) {
          found.set(`${folder}/${name}`, { file, info: { ...info, name: `${folder}/${name}` } });
        }
      }
      return found;
    },
    async complete(encoder, w, { tokenizer, file }, signal) {
      const limits = { code: "TokenizerInvalid", most: 2 ** 26, signal } as const;
      const config = (await readJson(encoderFiles, "tokenizer_config.json", limits)) ?? {};
      const own = (name: string) => (Object.hasOwn(config, name) ? config[name] : undefined);
      const longest = own("model_max_length");
      const maxTokens = modules.maxTokens ?? (typeof longest === "number" && longest >= 1 ? longest : undefined);
      const design = embeddingModel(encoder, { ...modules, maxTokens }, w, promptTokens(tokenizer, modules.prompt));
      return {
        design: { ...design, truncates: own("truncation_side") !== "left" },
        tokenizer: prompted(tokenizer, modules, file),
      };
    },
  };
}

const within = (files: Files, folder: string): Files => ({
  name: files.name,
  pages: folder ? undefined : files.pages,
  open: (file) => files.open(folder + file),
  close: () => files.close(),
});
