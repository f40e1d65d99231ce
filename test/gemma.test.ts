// Gemma 3's text tower within the model that reads images gives the bits of the same tower alone; what these families do not
// compute is refused by the name of its field.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RelpropError } from "../src/errors.ts";
import { load } from "../src/runtime/load.ts";
import { encoded, pack, unpack } from "./checkpoint.ts";

interface Gemma {
  name: string;
  checkpoint: string;
  config: Record<string, unknown>;
}

const at = (path: string) => readFileSync(new URL(`reference/${path}`, import.meta.url));
const { gemmas }: { gemmas: Gemma[] } = JSON.parse(at("gemmas.json").toString());
const of = (name: string) => gemmas.find((one) => one.name === name)!;
const tensors = (one: Gemma) => unpack(new Uint8Array(at(`gemmas/${one.checkpoint}/model.safetensors`)));
const files = (config: object, stored: ReturnType<typeof tensors>) => ({
  "config.json": JSON.stringify(config),
  "model.safetensors": pack(stored),
  "tokenizer.json": new Uint8Array(at("gemmas/tokenizer.json")),
  "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" }),
});

/** The code and the field of a refusal. */
async function refusal(given: ReturnType<typeof files>): Promise<string> {
  const { code, facts } = await load(given, { backend: "wasm" }).then(
    () => ({ code: "none", facts: {} as RelpropError["facts"] }),
    (error) => error as RelpropError,
  );
  return `${code} ${facts.field ?? facts.name}`;
}

/** The config of the model that reads images, and its tensors under a prefix. */
function within({ config, ...one }: Gemma, prefix: string) {
  const { architectures, transformers_version, tie_word_embeddings = true, ...text_config } = config;
  const outer = { model_type: "gemma3", architectures: ["Gemma3ForConditionalGeneration"], transformers_version };
  const stored = new Map([...tensors({ config, ...one })].map(([name, x]) => [name.replace(/^model\./, prefix), x]));
  const bytes = encoded(new Float32Array(8), "F32");
  stored.set("multi_modal_projector.mm_soft_emb_norm.weight", { dtype: "F32", shape: [8], bytes });
  return { config: { ...outer, tie_word_embeddings, text_config, vision_config: { hidden_size: 8 } }, stored };
}

const test = suite("gemma");

for (const name of ["gemma3_text (4)", "gemma3_text (5)"]) {
  test(`gemma3's text tower, ${name}`, async () => {
    const told = async (given: ReturnType<typeof files>) => {
      const model = await load(given, { backend: "wasm", deterministic: true });
      const { tokens, ledger, target } = await model.explain("the sea is so in the dust");
      const { unused } = model;
      await model.dispose();
      return { relevance: tokens.map(({ relevance }) => relevance), ledger, target, unused };
    };
    const one = of(name);
    const alone = await told(files(one.config, tensors(one)));
    for (const prefix of ["language_model.model.", "model.language_model."]) {
      const { config, stored } = within(one, prefix);
      const { unused, ...whole } = await told(files(config, stored));
      assert.ok(unused.includes("multi_modal_projector.mm_soft_emb_norm.weight"), `${unused}`);
      assert.equal({ ...whole, unused: [] }, { ...alone, unused: [] }, prefix);
    }
  });
}

test("pairs of heads that share values and have soft caps: rows add up to each head's relevance", async () => {
  const one = of("gemma2 (5)");
  const model = await load(files(one.config, tensors(one)), { backend: "wasm" });
  for (const method of ["cp-lrp", "attn-lrp", "gradient-x-input"] as const) {
    const { heads, pairs, ledger } = await model.explain("the sea is so in the dust", {
      method,
      heads: true,
      pairs: true,
    });
    const size =
      Math.abs(ledger.logit) + heads!.flatMap(({ relevance }) => relevance).reduce((n, r) => n + Math.abs(r), 0);
    for (const [i, { values }] of pairs!.entries()) {
      const share = method === "attn-lrp" ? 1 / 2 : 1;
      for (const [h, rows] of values.entries()) {
        for (const [t, row] of rows.entries()) {
          const sum = row.reduce((n, r) => n + r, 0);
          assert.ok(Math.abs(sum - share * heads![i].tokens[h][t]) < 1e-5 * size, `${method}, ${i} ${h} ${t}: ${sum}`);
        }
      }
    }
  }
  await model.dispose();
});

test("refused by name", async () => {
  const refused: [string, object, string][] = [
    ["gemma (5)", { use_bidirectional_attention: true }, "ConfigUnsupported use_bidirectional_attention"],
    ["gemma (5)", { hidden_act: "prelu" }, "ConfigUnsupported hidden_act"],
    ["gemma2 (5)", { sliding_window: null }, "ConfigInvalid sliding_window"],
    ["gemma2 (4)", { attn_logit_softcapping: 0 }, "ConfigInvalid attn_logit_softcapping"],
    ["gemma2 (5)", { final_logit_softcapping: "30" }, "ConfigInvalid final_logit_softcapping"],
    ["gemma2 (5)", { query_pre_attn_scalar: -1 }, "ConfigInvalid query_pre_attn_scalar"],
    ["gemma2 (5)", { layer_types: ["full_attention", "chunked_attention"] }, "ConfigInvalid layer_types"],
    ["gemma3_text (5)", { rope_parameters: { rope_type: "linear" } }, "ConfigUnsupported rope_parameters.rope_type"],
    ["gemma3_text (5)", { use_bidirectional_attention: true }, "ConfigUnsupported use_bidirectional_attention"],
    ["gemma3_text (4)", { sliding_window_pattern: 0 }, "ConfigInvalid sliding_window_pattern"],
    ["gemma3_text (4)", { head_dim: 8 }, "UnexpectedShape model.layers.0.self_attn.q_proj.weight"],
  ];
  for (const [name, more, expected] of refused) {
    const one = of(name);
    assert.is(
      await refusal(files({ ...one.config, ...more }, tensors(one))),
      expected,
      `${name} ${JSON.stringify(more)}`,
    );
  }
  const { config, stored } = within(of("gemma3_text (5)"), "language_model.model.");
  const outer: [object, string][] = [
    [{ architectures: ["Gemma3ForSequenceClassification"] }, "ConfigUnsupported architectures"],
    [
      { tie_word_embeddings: false, text_config: { ...config.text_config, tie_word_embeddings: true } },
      "ConfigUnsupported text_config.tie_word_embeddings",
    ],
    [{ text_config: 3 }, "ConfigInvalid text_config"],
    [
      { text_config: { ...config.text_config, use_bidirectional_attention: true } },
      "ConfigUnsupported use_bidirectional_attention",
    ],
  ];
  for (const [more, expected] of outer) assert.is(await refusal(files({ ...config, ...more }, stored)), expected);
});

test("a norm that is not there is told by its name", async () => {
  const one = of("gemma2 (5)");
  const stored = tensors(one);
  stored.delete("model.layers.1.post_feedforward_layernorm.weight");
  const name = "model.layers.1.post_feedforward_layernorm.weight";
  assert.is(await refusal(files(one.config, stored)), `MissingTensor ${name}`);
});

test.run();
