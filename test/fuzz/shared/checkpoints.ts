// The checkpoints that fuzzers change: of every family the ones that other tests are by, and one of each research system.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { Contents } from "../../../src/checkpoint/sources.ts";
import type { Input } from "../../../src/inputs/encoded.ts";
import { pack, unpack } from "../../checkpoint.ts";
import * as decoders from "../../decoders.ts";
import { eye, files, normal, words, zeros } from "../../systems.ts";

export interface Checkpoint {
  family: string;
  name: string;
  /** JSON as text. */
  files: Record<string, Contents>;
  input: Input;
}

const reference = new URL("../../reference/", import.meta.url);
const IMAGE: Input = { data: new Uint8Array(24 * 24 * 3).fill(99), width: 24, height: 24 };
const TEXT = "the sea sings, so is a small text";

/** All files of a folder and of those in it. */
function folder(url: URL, under = ""): Record<string, Contents> {
  const found: Record<string, Contents> = {};
  for (const name of readdirSync(url)) {
    const at = new URL(name, url);
    if (statSync(at).isDirectory()) Object.assign(found, folder(new URL(`${name}/`, url), `${under}${name}/`));
    else if (name.endsWith(".json")) found[under + name] = readFileSync(at, "utf8");
    else if (name.endsWith(".safetensors")) found[under + name] = new Uint8Array(readFileSync(at));
  }
  return found;
}

const text = (found: Contents | undefined) => (typeof found === "string" ? found : "{}");

function checkpoint(name: string, found: Record<string, Contents>, input?: Input): Checkpoint {
  const config = text(found["config.json"] ?? found["0_Transformer/config.json"]);
  const family: string = JSON.parse(config).model_type;
  return { family, name, files: found, input: input ?? ("preprocessor_config.json" in found ? IMAGE : TEXT) };
}

/** Checkpoints that transformers wrote, with the files of tokenizers that it writes. */
function swept(file: string): Checkpoint[] {
  const lines = readFileSync(new URL(`sweep/${file}`, reference), "utf8")
    .trimEnd()
    .split("\n");
  return lines.flatMap((line, i) => {
    const { files, refused }: { files: Record<string, unknown>; refused?: string } = JSON.parse(line);
    const content = (name: string, one: unknown) => {
      if (name.endsWith(".safetensors")) return new Uint8Array(Buffer.from(one as string, "base64"));
      return typeof one === "string" ? one : JSON.stringify(one);
    };
    const made = Object.entries(files).map(([name, one]) => [name, content(name, one)]);
    return refused ? [] : [checkpoint(`sweep ${file} ${i}`, Object.fromEntries(made))];
  });
}

/** One of the checkpoints in two shards. */
function sharded({ name, files, input }: Checkpoint): Checkpoint {
  const { "model.safetensors": whole, ...others } = files;
  const tensors = [...unpack(whole as Uint8Array)];
  const parts = [tensors.slice(0, 9), tensors.slice(9)];
  const names = parts.map((_, i) => `model-0000${i + 1}-of-00002.safetensors`);
  const weight_map = Object.fromEntries(parts.flatMap((part, i) => part.map(([name]) => [name, names[i]])));
  const index = JSON.stringify({ metadata: { total_size: 1 }, weight_map });
  const shards = Object.fromEntries(parts.map((part, i) => [names[i], pack(part)]));
  return checkpoint(`${name} in shards`, { ...others, ...shards, "model.safetensors.index.json": index }, input);
}

const d = 4;
const rows: Input = { rows: normal(3, d, 1) };
const none = Array<number>(d).fill(0);
const ones = Array<number>(d).fill(1);
const attention = Object.fromEntries(
  ["query", "key", "value", "output"].map((name, i) => [`layers.0.attention.${name}.weight`, normal(d, d, i)]),
);
const plain = (model_type: string, name: string, more: object = {}, tensors = {}, input = rows): Checkpoint =>
  checkpoint(
    model_type,
    files(
      { model_type, architectures: [`Of${name}`], hidden_size: d, num_hidden_layers: 1, ...more },
      { ...attention, "classifier.weight": normal(2, d, 5), ...tensors },
    ),
    input,
  );

const gpt = (model_type: string, more: object = {}): Checkpoint => {
  const h = "transformer.h.0.";
  const tensors = {
    "transformer.wte.weight": normal(9, d, 1),
    ...(model_type === "skip_layer_gpt" && { "transformer.wpe.weight": normal(16, d, 2) }),
    ...Object.fromEntries(
      [`${h}ln_1`, `${h}ln_2`, "transformer.ln_f"].flatMap((at) => [
        [`${at}.weight`, ones],
        [`${at}.bias`, none],
      ]),
    ),
    [`${h}attn.c_attn.weight`]: normal(d, 3 * d, 3),
    [`${h}attn.c_attn.bias`]: zeros(1, 3 * d)[0],
    [`${h}attn.c_proj.weight`]: normal(d, d, 4),
    [`${h}attn.c_proj.bias`]: none,
    [`${h}mlp.c_fc.weight`]: normal(d, d, 5),
    [`${h}mlp.c_fc.bias`]: none,
    [`${h}mlp.c_proj.weight`]: normal(d, d, 6),
    [`${h}mlp.c_proj.bias`]: none,
  };
  const config = {
    model_type,
    architectures: ["GPT2LMHeadModel"],
    n_embd: d,
    n_head: 2,
    n_layer: 1,
    n_positions: 16,
    layer_norm_epsilon: 1e-5,
    activation_function: "gelu_new",
    ...more,
  };
  return checkpoint(model_type, files(config, tensors, words(9)), "w1 w2 w3");
};

const points = (): Checkpoint => {
  const found = folder(new URL("../../../examples/points/model/", import.meta.url));
  return checkpoint("points", found, { points: normal(128, 3, 7) });
};

/** What formats' own libraries have quantised: a family of its own, whatever the model is. */
function quantised(): Checkpoint[] {
  const { quantised }: { quantised: { name: string; config: object }[] } = JSON.parse(
    readFileSync(new URL("quantised.json", reference), "utf8"),
  );
  const tokenizer = readFileSync(new URL("decoders/tokenizer.json", reference), "utf8");
  return quantised.map(({ name, config }) => {
    const found = folder(new URL(`quantised/${name}/`, reference));
    const files = { ...found, "config.json": JSON.stringify(config), "tokenizer.json": tokenizer };
    return { ...checkpoint(name, files), family: "quantised" };
  });
}

function every(): Checkpoint[] {
  const families = readdirSync(new URL("families/", reference))
    .filter((name) => existsSync(new URL(`families/${name}/config.json`, reference)))
    .map((name) => checkpoint(name, folder(new URL(`families/${name}/`, reference))));
  const sentences = readdirSync(new URL("sentence/", reference)).map((name) =>
    checkpoint(`sentence ${name}`, folder(new URL(`sentence/${name}/`, reference))),
  );
  const sweeps = readdirSync(new URL("sweep/", reference)).filter((name) => name !== "once-wrong.jsonl");
  return [
    ...families,
    ...sentences,
    ...sweeps.flatMap(swept),
    ...decoders.decoders.map((one) => checkpoint(one.name, decoders.files(one))),
    ...quantised(),
    ...families.filter(({ name }) => /^(bert|gpt2)-/.test(name)).map(sharded),
    plain(
      "energy_transformer",
      "ForTabularClassification",
      { loops: 2, num_labels: 2 },
      { "layers.0.attention.query.weight": eye(d) },
    ),
    plain("residual_scaled_encoder", "ForTabularClassification", { num_attention_heads: 2, residual_scale: [0.5, 1] }),
    plain("one_layer_vit", "ForTabularRegression", {}, { "classifier.weight": normal(1, d, 5) }),
    plain("looped_linear_transformer", "ForTabularRegression", { looped_from: 0, loops: 2 }),
    plain("linear_regression_transformer", "ForTabularRegression", { num_attention_heads: [2] }),
    gpt("nope_gpt"),
    gpt("skip_layer_gpt", { num_skip_layers: 1 }),
    checkpoint("one-layer", folder(new URL("one-layer/low-rank/", reference)), { rows: normal(3, 20, 1) }),
    checkpoint("ali", folder(new URL("tiny/ali/", reference))),
    points(),
  ];
}

/** By family. */
export function checkpoints(): Map<string, Checkpoint[]> {
  const found = new Map<string, Checkpoint[]>();
  for (const one of every()) found.set(one.family, [...(found.get(one.family) ?? []), one]);
  return found;
}
