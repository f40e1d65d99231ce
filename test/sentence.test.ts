// sentence-transformers' models: vectors, similarities and relevance against that library itself in float64
// (reference/sentence.py), each text alone and all together, on every backend; and what is refused, by name.
//
// Bounds: vectors 1e-5; relevance max |ΔR| / Σ|R| 1e-5; residual 2e-6 of Σ|R| + Σ|other entries|. What was measured is printed.

import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ExplainOptions } from "../src/explain/options.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { code } from "./shipped.ts";
import { places } from "./support.ts";

interface Asked {
  text: number;
  other?: number;
  of?: "cosine" | "dot";
  target?: number;
  value: number;
  methods: Record<string, number[]>;
}

interface Reference {
  name: string;
  texts: { text: string; ids: number[]; vector: number[] }[];
  asked: Asked[];
}

const root = new URL("reference/sentence/", import.meta.url);
const { models }: { models: Reference[] } = JSON.parse(
  readFileSync(new URL("reference/sentence.json", import.meta.url), "utf8"),
);

const sum = (values: readonly number[]) => values.reduce((n, v) => n + v, 0);
const size = (values: readonly number[]) => sum(values.map(Math.abs));
const most = (values: readonly number[]) => Math.max(...values.map(Math.abs));

const worst = { vectors: 0, relevance: 0, residual: 0 };

function raise(what: keyof typeof worst, value: number, bound: number, where: string): void {
  worst[what] = Math.max(worst[what], value);
  assert.ok(value <= bound, `${where}: ${what} off by ${value}, allowed ${bound}`);
}

async function vectors(model: Model, { name, texts }: Reference): Promise<void> {
  const all = texts.map(({ text }) => text);
  const together = await model.predict(all);
  for (const [i, { text, ids, vector }] of texts.entries()) {
    const tokens = await model.tokenize(text, {});
    assert.equal(
      tokens.map(({ id }) => id),
      ids,
      `${name}: ${text}`,
    );
    for (const { embedding } of [together[i], await model.predict(text)]) {
      assert.is(embedding!.length, vector.length);
      raise("vectors", most(embedding!.map((v, k) => v - vector[k])), 1e-5, `${name}: ${text}`);
    }
  }
}

async function relevance(model: Model, { name, texts, asked }: Reference): Promise<void> {
  for (const one of asked) {
    for (const [method, wanted] of Object.entries(one.methods)) {
      const options = {
        method,
        ...(one.target !== undefined && { target: one.target }),
        ...(one.of && { objective: { [one.of]: texts[one.other!].text } }),
      } as ExplainOptions;
      const told = await model.explain(texts[one.text].text, options);
      const where = `${name}, ${method}, ${one.of ?? one.target} of ${texts[one.text].text}`;
      const value = told.explained?.value ?? told.target.logit;
      raise("vectors", Math.abs(value - one.value) / Math.max(1, Math.abs(one.value)), 1e-5, where);
      const mine = told.tokens.map((token) => token.relevance);
      assert.is(mine.length, wanted.length, where);
      raise("relevance", most(mine.map((r, j) => r - wanted[j])) / size(wanted), 1e-5, where);
      const { logit, tokens, residual, ...entries } = told.ledger;
      raise("residual", Math.abs(residual) / (size(mine) + size(Object.values(entries))), 2e-6, where);
    }
  }
}

/** A folder's files by name, some changed or, if undefined, left out. */
function folder(name: string, changes: Record<string, unknown> = {}): Record<string, string | Uint8Array> {
  const all = readdirSync(new URL(`${name}/`, root), { recursive: true, withFileTypes: true });
  const from = new URL(`${name}/`, root).pathname;
  const found = all
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll("//", "/").slice(from.length));
  const files = Object.fromEntries(
    found.map((file) => [file, new Uint8Array(readFileSync(new URL(`${name}/${file}`, root)))]),
  );
  const given = { ...files, ...changes };
  return Object.fromEntries(
    Object.entries(given).flatMap(([file, what]) => {
      if (what === undefined) return [];
      return [[file, what instanceof Uint8Array ? what : JSON.stringify(what)]];
    }),
  );
}

const json = (name: string, file: string) => JSON.parse(readFileSync(new URL(`${name}/${file}`, root), "utf8"));

for (const place of places) {
  const test = suite(`sentence-transformers on ${place.backend}`);

  for (const reference of models) {
    test(reference.name, async () => {
      const model = await load(new URL(`${reference.name}/`, root), { ...place, deterministic: true });
      try {
        assert.is(model.task, "embedding");
        await vectors(model, reference);
        await relevance(model, reference);
      } finally {
        await model.dispose();
      }
    });
  }

  test("what was measured", () => {
    const shown = Object.entries(worst).map(([what, value]) => `${what} ${value.toExponential(1)}`);
    console.log(`at most: ${shown.join(", ")}`);
  });

  test.run();
}

const test = suite("sentence-transformers' files");
const place = { ...places[0], deterministic: true };

test("the same files as a record, in folders below", async () => {
  for (const name of ["bert-old-layout", "distilbert-mean-dense"]) {
    const files = Object.entries(folder(name)).map(([file, what]) => [`models/mine/${file}`, what] as const);
    const model = await load(Object.fromEntries(files), place);
    await vectors(model, models.find((one) => one.name === name)!);
    assert.is(model.name, "mine");
    await model.dispose();
  }
});

test("max_seq_length and model_max_length cut long texts with a warning, as sentence-transformers cuts them", async () => {
  for (const [name, most] of Object.entries({ "bert-old-layout": 14, "roberta-all-modes": 16, "mpnet-max": 46 })) {
    const model = await load(new URL(`${name}/`, root), place);
    assert.is(model.maxTokens, most);
    const long = "the sea is so in the sun, who sings ? go, it is so; ".repeat(4);
    const [told] = await model.predict([long]);
    assert.ok(told.warnings.some((warning) => warning.includes(`was cut to the ${most}`)));
    assert.is((await model.tokenize(long)).length, most);
    assert.is(await code(model.predict(long, { truncate: false })), "InputTooLong");
    await model.dispose();
  }
});

test("a prompt's tokens have no offsets, the others those of the user's text", async () => {
  for (const name of ["albert-prompt", "gpt2-weighted", "xlm-roberta-cls-prompt"]) {
    const model = await load(new URL(`${name}/`, root), place);
    const text = "The seas, singing";
    const tokens = await model.tokenize(text);
    const own = tokens.filter(({ start }) => start !== null);
    assert.is(own.map(({ start, end }) => text.slice(start!, end!)).join(""), text.replaceAll(" ", ""));
    assert.ok(tokens.every(({ start, special }) => (start === null) === special));
    assert.ok(tokens.length > own.length + 2, "the prompt is there");
    await model.dispose();
  }
});

test("an embedding of unit length: its dot product is the cosine", async () => {
  const model = await load(new URL("bert-cls-normalize/", root), place);
  const [a, b] = ["the sea", "so sing"];
  const vectors = (await model.predict([a, b])).map(({ embedding }) => embedding!);
  for (const v of vectors) assert.ok(Math.abs(Math.hypot(...v) - 1) < 1e-6);
  const [dot, cosine] = [
    await model.explain(a, { objective: { dot: b } }),
    await model.explain(a, { objective: { cosine: b } }),
  ];
  assert.ok(Math.abs(dot.explained!.value - cosine.explained!.value) < 1e-6);
  assert.is(model.similarity, "cosine");
  await model.dispose();
});

test("pairs of tokens add up through every module", async () => {
  for (const name of ["roberta-all-modes", "bert-residual", "distilbert-mean-dense", "mpnet-max"]) {
    const model = await load(new URL(`${name}/`, root), place);
    for (const method of ["cp-lrp", "attn-lrp", "gradient-x-input"] as const) {
      const { interactions, explained } = await model.explain("the sea is so", {
        method,
        interactions: true,
        objective: { dot: "who sings in the sun" },
      });
      const { logit, residual, ...entries } = interactions!.ledger;
      assert.ok(Math.abs(logit - explained!.value) < 1e-5 * size(Object.values(entries)), `${name}, ${method}`);
      assert.ok(Math.abs(residual) < 2e-6 * size(Object.values(entries)), `${name}, ${method}: ${residual}`);
      assert.ok(
        Math.abs(sum(interactions!.relevance.flat()) - entries.tokens) < 1e-9 * size(interactions!.relevance.flat()),
      );
    }
    await model.dispose();
  }
});

test("what an encoder was trained for is no business of its embeddings", async () => {
  for (const architectures of [["BertForMaskedLM"], ["BertForSequenceClassification"], undefined]) {
    const name = "bert-cls-normalize";
    const model = await load(folder(name, { "config.json": { ...json(name, "config.json"), architectures } }), place);
    assert.is(model.task, "embedding");
    await vectors(model, models.find((one) => one.name === name)!);
    await model.dispose();
  }
});

test("a classifier with its head is one; a file that names none is an embedding, unless it is a cross-encoder's", async () => {
  const family = (file: string) =>
    new Uint8Array(readFileSync(new URL(`reference/families/bert-sequence/${file}`, import.meta.url)));
  const files = Object.fromEntries(
    ["config.json", "model.safetensors", "tokenizer.json"].map((file) => [file, family(file)]),
  );
  const type = "sentence_transformers.base.modules";
  const [first, second] = [`${type}.transformer.Transformer`, "sentence_transformers.models.Pooling"];
  const modules = [
    { idx: 0, name: "0", path: "", type: first },
    { idx: 1, name: "1", path: "1_Pooling", type: second },
  ];
  const classifier = await load({ ...files, "modules.json": JSON.stringify(modules) }, place);
  assert.is(classifier.task, "sequence-classification");
  await classifier.dispose();
  const config = JSON.stringify({
    ...JSON.parse(new TextDecoder().decode(files["config.json"])),
    architectures: ["BertModel"],
  });
  const model = await load({ ...files, "config.json": config, "modules.json": JSON.stringify(modules) }, place);
  assert.is(model.task, "embedding");
  assert.ok(model.unused.some((name) => name.startsWith("classifier")));
  await model.dispose();
  const cross = {
    "modules.json": JSON.stringify(modules.slice(0, 1)),
    "config_sentence_transformers.json": JSON.stringify({ model_type: "CrossEncoder" }),
  };
  const pairs = await load({ ...files, ...cross }, place);
  assert.is(pairs.task, "sequence-classification");
  await pairs.dispose();
});

/** A model's files changed, and what loading them says. */
const refusals: [string, Record<string, unknown>, string, RegExp][] = [];

const listed = (name: string, change: (modules: Record<string, unknown>[]) => unknown) =>
  change(json(name, "modules.json"));
const [BERT, DENSE] = ["bert-cls-normalize", "distilbert-mean-dense"];
for (const type of ["CNN", "LSTM", "WordWeights", "WeightedLayerPooling", "Router"]) {
  const modules = listed(BERT, (all) => [
    ...all,
    { idx: 3, name: "3", path: `3_${type}`, type: `sentence_transformers.models.${type}` },
  ]);
  refusals.push([BERT, { "modules.json": modules }, "ConfigUnsupported", new RegExp(`modules.json lists a .*${type}`)]);
}
for (const type of [
  "sentence_transformers.models.CLIPModel",
  "sentence_transformers.models.WordEmbeddings",
  "custom_st.Transformer",
]) {
  const modules = listed(BERT, ([first, ...rest]) => [{ ...first, type }, ...rest]);
  refusals.push([BERT, { "modules.json": modules }, "ConfigUnsupported", new RegExp(`begins with .*${type}`)]);
}
refusals.push(
  [BERT, { "modules.json": listed(BERT, ([first]) => [first]) }, "ConfigUnsupported", /after the Transformer/],
  [
    BERT,
    { "modules.json": listed(BERT, ([first, pool]) => [first, { ...pool, path: "../1_Pooling" }]) },
    "UnsafePath",
    /modules.json has the path/,
  ],
  [BERT, { "modules.json": { "0": "Transformer" } }, "ConfigInvalid", /modules.json holds/],
  [BERT, { "modules.json": [null] }, "ConfigInvalid", /modules.json lists "?null/],
  [
    BERT,
    { "1_Pooling/config.json": { pooling_mode: "median" } },
    "ConfigUnsupported",
    /1_Pooling\/config.json's pooling_mode is "median"/,
  ],
  [BERT, { "1_Pooling/config.json": { pooling_mode: "constructor" } }, "ConfigUnsupported", /pooling_mode/],
  [
    BERT,
    { "1_Pooling/config.json": { pooling_mode_median_tokens: true } },
    "ConfigUnsupported",
    /pooling_mode_median_tokens/,
  ],
  [BERT, { "sentence_bert_config.json": { max_seq_length: "many" } }, "ConfigInvalid", /max_seq_length is "many"/],
  [
    BERT,
    { "sentence_bert_config.json": { transformer_task: "fill-mask" } },
    "ConfigUnsupported",
    /transformer_task is "fill-mask"/,
  ],
  [
    BERT,
    {
      "sentence_bert_config.json": {
        modality_config: { text: { method: "forward", method_output_name: "pooler_output" } },
      },
    },
    "ConfigUnsupported",
    /modality_config/,
  ],
  [
    BERT,
    { "sentence_bert_config.json": { model_args: { torch_dtype: "float16" } } },
    "ConfigUnsupported",
    /model_args/,
  ],
  [
    BERT,
    { "config_sentence_transformers.json": { model_type: "SparseEncoder" } },
    "ConfigUnsupported",
    /model_type is "SparseEncoder"/,
  ],
  [
    BERT,
    { "config_sentence_transformers.json": { default_prompt_name: "passage", prompts: { task: "x" } } },
    "ConfigInvalid",
    /default_prompt_name is "passage"/,
  ],
  [
    BERT,
    { "config_sentence_transformers.json": { similarity_fn_name: "hamming" } },
    "ConfigUnsupported",
    /similarity_fn_name/,
  ],
  [
    DENSE,
    { "2_Dense/model.safetensors": undefined, "2_Dense/pytorch_model.bin": new Uint8Array(9) },
    "MissingFile",
    /2_Dense has no model.safetensors; .*save_pretrained/,
  ],
  [DENSE, { "2_Dense/config.json": { in_features: 11, out_features: 7 } }, "ConfigMismatch", /in_features is "?11/],
  [DENSE, { "2_Dense/config.json": { bias: false } }, "ConfigMismatch", /bias is false/],
  [
    DENSE,
    { "2_Dense/config.json": { activation_function: "torch.nn.modules.activation.PReLU" } },
    "ConfigUnsupported",
    /activation_function is .*PReLU/,
  ],
  [
    DENSE,
    { "2_Dense/config.json": { activation_function: "mine.Tanh" } },
    "ConfigUnsupported",
    /activation_function is "mine.Tanh"/,
  ],
  [
    DENSE,
    { "2_Dense/config.json": { module_input_name: "token_embeddings" } },
    "ConfigUnsupported",
    /module_input_name/,
  ],
);

for (const [name, changes, wanted, words] of refusals) {
  test(`refused: ${JSON.stringify(changes).slice(0, 120)}`, async () => {
    const error = await load(folder(name, changes), place).then(
      (model) => model.dispose().then(() => assert.unreachable(`${JSON.stringify(changes)} loads`)),
      (error) => error,
    );
    assert.is(error.code, wanted, error.message);
    assert.match(error.message, words);
  });
}

test.run();
