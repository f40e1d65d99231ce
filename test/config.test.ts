// The law of config.json (src/models/fields.ts): fields of a configuration class are honoured, idle or refused by name, others
// are ignored; nothing in a config is an uncoded error. And which head a file has, and names under wrappers of modules.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Weights } from "../src/checkpoint/weights.ts";
import { network } from "../src/engine/network.ts";
import { RelpropError } from "../src/errors.ts";
import { architecture, familyOf } from "../src/models/architecture.ts";
import { common } from "../src/models/fields.ts";
import { load } from "../src/runtime/load.ts";
import { encoded, pack, unpack } from "./checkpoint.ts";
import { differences } from "./reference/config-fields.ts";

const at = (path: string) => new URL(`reference/${path}`, import.meta.url);
const read = (path: string) => readFileSync(at(path));
const json = (path: string) => JSON.parse(read(path).toString());

const files = (name: string, config: object = {}, without: string[] = []) => {
  const fields = Object.entries({ ...json(`families/${name}/config.json`), ...config });
  return {
    "config.json": JSON.stringify(Object.fromEntries(fields.filter(([field]) => !without.includes(field)))),
    "tokenizer.json": new Uint8Array(read(`families/${name}/tokenizer.json`)),
    "model.safetensors": new Uint8Array(read(`families/${name}/model.safetensors`)) as Uint8Array | Blob,
  };
};

/** The first text's logits, or the code and field of a refusal. */
async function told(given: Record<string, string | Uint8Array | Blob>) {
  try {
    const model = await load(given, { backend: "wasm" });
    const found = await model.predict("the sea sings");
    await model.dispose();
    return { task: model.task, unused: model.unused, classes: found.classes?.map(({ logit }) => logit) };
  } catch (error) {
    if (!(error instanceof RelpropError)) throw error;
    return { refused: `${error.code} ${error.facts.field ?? error.facts.name ?? ""}`, message: error.message };
  }
}

const test = suite("config.json");

test("the lists of fields are those of transformers' classes of both major versions", async () => {
  assert.equal(await differences(json("config-fields.json")), []);
});

test("a field of the class at another value is refused by name, one that it does not know is ignored", async () => {
  const plain = await told(files("bert-sequence"));
  assert.ok(plain.classes);
  for (const more of [{ rotary: 5 }, { hidden_dropout_prob: 0.7 }, { pruned_heads: {} }, { is_decoder: null }]) {
    assert.equal(await told(files("bert-sequence", more)), plain, JSON.stringify(more));
  }
  const refused: [string, object, string][] = [
    ["bert-sequence", { is_encoder_decoder: true }, "is_encoder_decoder"],
    ["bert-sequence", { add_cross_attention: true }, "add_cross_attention"],
    ["bert-sequence", { quantization_config: { quant_method: "x" } }, "quantization_config.quant_method"],
    ["bert-sequence", { architectures: ["BertLMHeadModel"] }, "architectures"],
    ["gpt2-sequence", { is_causal: false, transformers_version: "5.24.0" }, "is_causal"],
    ["gpt2-sequence", { is_causal: null, transformers_version: "5.24.0" }, "is_causal"],
    ["albert-sequence", { pruned_heads: { 0: [1] }, transformers_version: "4.57.6" }, "pruned_heads"],
  ];
  for (const [name, more, field] of refused) {
    assert.is((await told(files(name, more))).refused, `ConfigUnsupported ${field}`, field);
  }
});

test("sizes that the tensors contradict are refused", async () => {
  const refused: [string, object, string][] = [
    ["electra-sequence", { embedding_size: 12 }, "ConfigMismatch embedding_size"],
    ["albert-sequence", { embedding_size: 12 }, "ConfigMismatch embedding_size"],
    ["vit-image", { intermediate_size: 19 }, "ConfigMismatch intermediate_size"],
    ["vit-image", { head_dim: 5 }, "ConfigUnsupported head_dim"],
    ["deberta-v2-mlm", { legacy: false }, "MissingTensor lm_predictions.lm_head.dense.weight"],
  ];
  for (const [name, more, expected] of refused) {
    const stored = unpack(new Uint8Array(read(`families/${name}/model.safetensors`)));
    const shapes = new Map([...stored].map(([tensor, { shape }]) => [tensor, shape]));
    const config = json(`families/${name}/config.json`);
    const built = async (more: object) =>
      network(await architecture({ ...config, ...more }, new Weights(shapes)), 1, 1);
    assert.ok(await built({}), name);
    const { code, facts } = await built(more).then(
      () => assert.unreachable(`${name} ${JSON.stringify(more)}`),
      (error) => error,
    );
    assert.is(`${code} ${facts?.field ?? facts?.name}`, expected);
  }
});

test("DINOv2's positions are of a square number of patches, or transformers stretches none", async () => {
  const stored = unpack(new Uint8Array(read("variants/dinov2/model.safetensors")));
  const bytes = encoded(new Float32Array(7 * 12), "F32");
  stored.set("dinov2.embeddings.position_embeddings", { dtype: "F32", shape: [1, 7, 12], bytes });
  const size = { height: 24, width: 16 };
  const given = {
    "config.json": JSON.stringify({ ...json("variants/dinov2/config.json"), image_size: [24, 16] }),
    "model.safetensors": pack(stored),
    "preprocessor_config.json": JSON.stringify({ size, image_processor_type: "ViTImageProcessor" }),
  };
  const made = async () => {
    const model = await load(given, { backend: "wasm" });
    return model.predict({ data: new Uint8Array(3 * 24 * 16), ...size }).finally(() => model.dispose());
  };
  const { code, facts } = await made().then(
    () => assert.unreachable("it was computed"),
    (error) => error,
  );
  assert.is(`${code} ${facts?.field}`, "ConfigUnsupported image_size");
});

test("models of papers have no class: a field that they do not know is refused", async () => {
  const config = { model_type: "one_layer_vit", hidden_size: 4, num_hidden_layers: 1, atention_scale: 2 };
  const found = await architecture(config, new Weights(new Map([["classifier.weight", [2, 4]]]))).catch(
    (error) => error,
  );
  assert.is(found.facts?.field, "atention_scale");
});

test("num_labels is no business of a language model, and id2label counts before it", async () => {
  const model = await load(files("bert-mlm", { num_labels: 7, id2label: { 0: "a" } }), { backend: "wasm" });
  await model.dispose();
  assert.ok((await told(files("bert-sequence", { num_labels: 2, _num_labels: 2 }))).classes);
  assert.is((await told(files("bert-sequence", { num_labels: 2 }, ["id2label"]))).refused, "ConfigMismatch num_labels");
});

test("without architectures the tensors say which head there is; modules.json makes an encoder of any", async () => {
  const tasks = {
    "bert-sequence": "sequence-classification",
    "bert-token": "token-classification",
    "roberta-qa": "question-answering",
    "electra-mlm": "masked-lm",
    "mpnet-embedding": "embedding",
  };
  for (const [name, task] of Object.entries(tasks)) {
    const model = await load(files(name, {}, ["architectures"]), { backend: "wasm" });
    assert.is(model.task, task, name);
    await model.dispose();
  }
  const own = await load(files("bert-embedding", { architectures: ["Contriever"] }), { backend: "wasm" });
  assert.is(own.task, "embedding");
  await own.dispose();
  const wrong = files("mpnet-embedding", { architectures: ["MPNetForMaskedLM"] });
  assert.match((await told(wrong)).refused!, /^MissingTensor/);
  const modules = read("families/mpnet-embedding/modules.json").toString();
  const pooling = read("families/mpnet-embedding/1_Pooling/config.json").toString();
  const model = await load(
    { ...wrong, "modules.json": modules, "1_Pooling/config.json": pooling },
    { backend: "wasm" },
  );
  assert.is(model.task, "embedding");
  await model.dispose();
});

test("names under wrappers of modules", async () => {
  for (const name of ["bert-sequence", "modernbert-sequence", "gpt2-sequence"]) {
    const plain = files(name);
    const expected = await told(plain);
    assert.ok(expected.classes, name);
    const tensors = [...unpack(plain["model.safetensors"] as Uint8Array)];
    for (const before of ["module.", "_orig_mod.", "model.", "module._orig_mod.", "model._orig_mod.module."]) {
      const renamed = tensors.map(([tensor, stored]) => [
        before + tensor.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
        stored,
      ]);
      const extra = [["criterion.weight", tensors[0][1]]];
      const file = pack([...renamed, ...extra] as typeof tensors);
      const found = await told({ ...plain, "model.safetensors": file });
      assert.equal(found.classes, expected.classes, `${name} under ${before}`);
      assert.ok(found.unused?.includes("criterion.weight"));
    }
  }
});

test("no value of any field is an uncoded error", async () => {
  const deep = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
  const hostile = [
    null,
    true,
    "",
    "x",
    -1,
    0.5,
    1e308,
    46,
    [],
    [[]],
    {},
    deep,
    JSON.parse('{"toString":1,"valueOf":1}'),
    JSON.parse('{"__proto__":{"toString":1},"length":5}'),
    [null],
    { 0: [0] },
  ];
  const names = [
    "bert-sequence",
    "roberta-mlm",
    "distilbert-qa",
    "electra-token",
    "albert-sequence",
    "mpnet-mlm",
    "deberta-v2-sequence",
    "modernbert-sequence",
    "gpt2-sequence",
    "vit-image",
    "deit-taught-image",
  ];
  let tried = 0;
  for (const name of names) {
    const given = json(`families/${name}/config.json`);
    const stored = [...unpack(new Uint8Array(read(`families/${name}/model.safetensors`)))];
    const shapes = new Map(stored.map(([tensor, { shape }]) => [tensor, shape]));
    const { fields } = await familyOf(given);
    const all = [...Object.keys({ ...common.read, ...common.only, ...fields.read, ...fields.only, ...fields.aliases })];
    for (const field of all) {
      for (const value of hostile) {
        tried++;
        try {
          network(await architecture({ ...given, [field]: value }, new Weights(shapes)), 1, 1);
        } catch (error) {
          if (!(error instanceof RelpropError)) throw new Error(`${name}: ${field}: ${error}`, { cause: error });
        }
      }
    }
  }
  assert.ok(tried > 3000);
});

test.run();
