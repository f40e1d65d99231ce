// What sentence-transformers puts around an encoder, read from modules.json and the files that it names. Where releases
// differ this follows 6.x: https://github.com/huggingface/sentence-transformers

import type { Files } from "../../checkpoint/files.ts";
import { parseJson, readJson } from "../../checkpoint/json.ts";
import { quote, RelpropError } from "../../errors.ts";
import type { AbortSignal } from "../../options/globals.ts";
import { type Mode, pooling } from "./pooling.ts";

type Json = Readonly<Record<string, unknown>>;

/** A module above the pooling; its weights are named by its folder. */
export type Layer =
  | { type: "Dense"; folder: string; activation: string; bias: boolean; residual: boolean; config: Json; file: string }
  | { type: "LayerNorm"; folder: string }
  | { type: "Normalize" };

export type Similarity = "cosine" | "dot" | "euclidean" | "manhattan";

/** A sentence-transformers model. */
export interface Modules {
  /** The folder of the encoder's files: "" or a path that ends in "/". */
  folder: string;
  modes: readonly Mode[];
  /** Whether a prompt's tokens are pooled too. */
  includePrompt: boolean;
  layers: readonly Layer[];
  maxTokens?: number;
  lowercase: boolean;
  /** What is put before every text, mostly nothing. */
  prompt: string;
  /** How embeddings of the model are meant to be compared. */
  similarity: Similarity;
}

/** The modules, or undefined where the folder is none of sentence-transformers' embedding models. */
export async function readModules(files: Files, signal?: AbortSignal): Promise<Modules | undefined> {
  const list = await parseJson(files, "modules.json", { ...LIMITS, signal });
  if (list === undefined) return undefined;
  const read = async (name: string): Promise<Json> => (await readJson(files, name, { ...LIMITS, signal })) ?? {};
  const about = await read("config_sentence_transformers.json");
  const kind = field(about, "model_type") ?? "SentenceTransformer";
  if (kind === "CrossEncoder") return undefined; // a classifier of pairs, which its config.json describes whole
  if (kind !== "SentenceTransformer") {
    throw unsupported("config_sentence_transformers.json", "model_type", kind, "supported is SentenceTransformer");
  }
  const [first, ...rest] = entries(list);
  if (first?.type !== "Transformer") {
    throw refused(`modules.json begins with ${quote(first?.full)}; it must begin with a Transformer`);
  }
  const folder = first.path && `${first.path}/`;
  const found = { folder, ...(await encoderConfig(read, folder)), ...prompts(about) };

  const [second, ...others] = rest.filter(({ type }) => type !== "Dropout"); // which does nothing in a trained model
  if (second?.type !== "Pooling") {
    throw refused(`modules.json lists ${quote(second?.full)} after the Transformer; supported is Pooling`);
  }
  const pooled = pooling(await read(`${second.path}/config.json`), `${second.path}/config.json`);
  const layers: Layer[] = [];
  for (const { type, full, path } of others) {
    const file = `${path}/config.json`;
    const config = path && type !== "LayerNorm" ? await read(file) : {};
    for (const name of ["module_input_name", "module_output_name"]) {
      only(config, file, name, ["sentence_embedding"]);
    }
    if (type === "Dense") layers.push(dense(config, file, path));
    else if (type === "LayerNorm") layers.push({ type, folder: path });
    else if (type === "Normalize") layers.push({ type });
    else throw refused(`modules.json lists a ${quote(full)}; supported are Transformer, Pooling, ${LAYERS}`);
  }
  return { ...found, ...pooled, layers };
}

const LAYERS = "Dense, LayerNorm, Normalize and Dropout";
const LIMITS = { code: "ConfigInvalid", most: 2 ** 20 } as const;
const MOST_MODULES = 64;

/** What modules.json lists, by the last part of a class's name. */
function entries(list: unknown): { type: string; full: string; path: string }[] {
  if (!Array.isArray(list) || list.length > MOST_MODULES) {
    throw invalid(`modules.json holds ${quote(list)}, it must hold a list of at most ${MOST_MODULES} modules`);
  }
  return list.map((entry: unknown) => {
    const { type, path } = (typeof entry === "object" && entry ? entry : {}) as Json;
    if (typeof type !== "string") throw invalid(`modules.json lists ${quote(entry)}, which has no type`);
    if (typeof path !== "string" || !/^([A-Za-z0-9_][\w.-]{0,100}(\/|$)){0,4}$/.test(path)) {
      throw new RelpropError("UnsafePath", `modules.json has the path ${quote(path)}, which is not a folder's name`);
    }
    // Other packages' classes are code that came with the model.
    const own = type.startsWith("sentence_transformers.") ? type.split(".").pop()! : type;
    return { type: own, full: type, path: path.replace(/\/$/, "") };
  });
}

/** sentence_bert_config.json, or what it was called for some encoders. */
async function encoderConfig(read: (name: string) => Promise<Json>, folder: string) {
  let config: Json = {};
  let file = "";
  for (const kind of ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"]) {
    file = `${folder}sentence_${kind}_config.json`;
    config = await read(file);
    if (Object.keys(config).length) break;
  }
  only(config, file, "transformer_task", ["feature-extraction"]);
  only(config, file, "do_lower_case", [true, false]);
  only(config, file, "module_output_name", ["token_embeddings"]);
  const modalities = (field(config, "modality_config") ?? {}) as Json;
  for (const [name, how] of Object.entries(modalities)) {
    const { method, method_output_name: output } = (how ?? {}) as Json;
    if (name === "text" && method === "forward" && output === "last_hidden_state") continue;
    throw unsupported(file, "modality_config", modalities, 'supported is text by "forward", its "last_hidden_state"');
  }
  for (const name of ["processing_kwargs", "model_args", "tokenizer_args", "config_args", "model_kwargs"]) {
    const value = field(config, name);
    if (value === undefined || (typeof value === "object" && !Object.keys(value as Json).length)) continue;
    throw unsupported(file, name, value, "supported is none");
  }
  const most = field(config, "max_seq_length");
  if (most !== undefined && !(Number.isInteger(most) && (most as number) >= 1)) {
    throw invalid(`${file}'s max_seq_length is ${quote(most)}, it must be a whole number from 1`);
  }
  return { lowercase: field(config, "do_lower_case") === true, maxTokens: most as number | undefined };
}

/** The default prompt and the similarity, of config_sentence_transformers.json. */
function prompts(about: Json): Pick<Modules, "prompt" | "similarity"> {
  const file = "config_sentence_transformers.json";
  const known: Similarity[] = ["cosine", "dot", "euclidean", "manhattan"];
  only(about, file, "similarity_fn_name", known);
  const similarity = (field(about, "similarity_fn_name") ?? "cosine") as Similarity;
  const name = field(about, "default_prompt_name");
  if (name === undefined) return { prompt: "", similarity };
  const all = { query: "", document: "", ...(field(about, "prompts") as Json | undefined) };
  const prompt = field(all, String(name)) ?? (Object.hasOwn(all, String(name)) ? "" : undefined);
  if (typeof prompt === "string") return { prompt, similarity };
  throw invalid(`${file}'s default_prompt_name is ${quote(name)}, which its prompts do not have`);
}

function dense(config: Json, file: string, folder: string): Layer {
  for (const name of ["bias", "use_residual"]) only(config, file, name, [true, false]);
  const activation = field(config, "activation_function") ?? "torch.nn.modules.activation.Tanh";
  return {
    type: "Dense",
    folder,
    activation: String(activation),
    bias: field(config, "bias") !== false,
    residual: field(config, "use_residual") === true,
    config,
    file,
  };
}

const field = (config: Json, name: string): unknown =>
  Object.hasOwn(config, name) ? (config[name] ?? undefined) : undefined;

function only(config: Json, file: string, name: string, values: readonly unknown[]): void {
  const value = field(config, name);
  if (value !== undefined && !values.includes(value)) {
    throw unsupported(file, name, value, `supported is ${values.join(", ")}`);
  }
}

const invalid = (message: string) => new RelpropError("ConfigInvalid", message);
const refused = (message: string) => new RelpropError("ConfigUnsupported", message);

/** @internal */
export const unsupported = (file: string, name: string, value: unknown, instead: string): RelpropError =>
  new RelpropError("ConfigUnsupported", `${file}'s ${name} is ${quote(value)}; ${instead}`, { file, field: name });
