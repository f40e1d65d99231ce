// Mixtures of experts as checkpoints write them: matrices apart or as one give the same bits, on several threads too; what
// contradicts the tensors is refused by its name.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RelpropError } from "../src/errors.ts";
import { load } from "../src/runtime/load.ts";
import { encoded, pack, unpack } from "./checkpoint.ts";
import { places } from "./support.ts";

interface Mixture {
  name: string;
  checkpoint: string;
  config: Record<string, unknown>;
}

const at = (path: string) => readFileSync(new URL(`reference/${path}`, import.meta.url));
const { mixtures }: { mixtures: Mixture[] } = JSON.parse(at("mixtures.json").toString());
const of = (name: string) => mixtures.find((one) => one.name === name)!;

const tensors = ({ checkpoint }: Mixture) => unpack(new Uint8Array(at(`mixtures/${checkpoint}/model.safetensors`)));
const files = (one: Mixture, config: object = {}, stored = tensors(one)) => ({
  "config.json": JSON.stringify({ ...one.config, ...config }),
  "model.safetensors": pack(stored),
  "tokenizer.json": new Uint8Array(at("mixtures/tokenizer.json")),
  "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" }),
});

/** The same tensors, each block's experts as transformers 5 has them in memory. */
function fused(stored: ReturnType<typeof tensors>) {
  const found: ReturnType<typeof tensors> = new Map();
  const parts = new Map<string, Map<string, Float32Array[]>>();
  const shapes = new Map<string, readonly number[]>();
  for (const [name, tensor] of stored) {
    const own = /^(.*)\.experts\.(\d+)\.(\w+)\.weight$/.exec(name);
    if (!own) {
      found.set(name.replace("block_sparse_moe", "mlp"), tensor);
      continue;
    }
    const [, path, expert, kind] = own;
    const block = path.replace("block_sparse_moe", "mlp");
    const all = parts.get(block) ?? new Map<string, Float32Array[]>();
    parts.set(block, all);
    const place = { w1: "gate_proj", w2: "down_proj", w3: "up_proj" }[kind] ?? kind;
    shapes.set(place, tensor.shape);
    const matrices = all.get(place) ?? [];
    all.set(place, matrices);
    matrices[Number(expert)] = new Float32Array(tensor.bytes.slice().buffer);
  }
  for (const [block, all] of parts) {
    const [inner, width] = shapes.get("gate_proj")!;
    const n = all.get("gate_proj")!.length;
    const joined = (which: Float32Array[]) => encoded(Float32Array.from(which.flatMap((one) => [...one])), "F32");
    const both = all.get("gate_proj")!.flatMap((gate, e) => [gate, all.get("up_proj")![e]]);
    const [gateUp, down] = [joined(both), joined(all.get("down_proj")!)];
    found.set(`${block}.experts.gate_up_proj`, { dtype: "F32", shape: [n, 2 * inner, width], bytes: gateUp });
    found.set(`${block}.experts.down_proj`, { dtype: "F32", shape: [n, width, inner], bytes: down });
  }
  return found;
}

const TEXT = "the sea is so in the dust";

for (const place of places) {
  const test = suite(`mixtures on ${place.backend}`);

  for (const name of place.backend === "wasm" ? ["mixtral (5)", "qwen2_moe (4)", "olmoe (5)"] : ["qwen2_moe (4)"]) {
    test(`${name}: experts' matrices as one, and several threads`, async () => {
      const one = of(name);
      const explained = async (given: ReturnType<typeof files>, threads = 1) => {
        const model = await load(given, {
          ...place,
          deterministic: true,
          ...(place.backend === "wasm" && { threads }),
        });
        const { tokens, ledger } = await model.explain(TEXT, { method: "attn-lrp" });
        assert.ok(
          model.unused.every((tensor) => tensor.startsWith("score.")),
          `${model.unused}`,
        );
        await model.dispose();
        return { relevance: tokens.map(({ relevance }) => relevance), ledger };
      };
      const apart = await explained(files(one));
      assert.equal(await explained(files(one, {}, fused(tensors(one)))), apart);
      assert.equal(await explained(files(one), 3), apart);
    });
  }

  test.run();
}

const test = suite("configs of mixtures");

test("what the tensors or the class contradict is refused by its name", async () => {
  const refused: [string, object, string][] = [
    ["mixtral (5)", { num_local_experts: 4 }, "ConfigMismatch num_local_experts"],
    ["mixtral (5)", { num_experts: 4 }, "ConfigMismatch num_local_experts"],
    ["mixtral (5)", { num_experts_per_tok: 6 }, "ConfigInvalid num_experts_per_tok"],
    ["mixtral (5)", { num_experts_per_tok: 0 }, "ConfigInvalid num_experts_per_tok"],
    ["qwen2_moe (5)", { moe_intermediate_size: 9 }, "ConfigMismatch moe_intermediate_size"],
    ["qwen2_moe (5)", { shared_expert_intermediate_size: 9 }, "ConfigMismatch shared_expert_intermediate_size"],
    ["qwen2_moe (5)", { mlp_only_layers: "1" }, "ConfigInvalid mlp_only_layers"],
    ["qwen2_moe (5)", { layer_types: ["full_attention"] }, "ConfigInvalid layer_types"],
    ["qwen3_moe (5)", { decoder_sparse_step: 0 }, "ConfigInvalid decoder_sparse_step"],
    ["olmoe (5)", { clip_qkv: 8 }, "ConfigUnsupported clip_qkv"],
  ];
  for (const [name, more, expected] of refused) {
    const { code, facts } = await load(files(of(name), more), { backend: "wasm" }).then(
      () => ({ code: "none", facts: { name: JSON.stringify(more) } as RelpropError["facts"] }),
      (error) => error as RelpropError,
    );
    assert.is(`${code} ${facts?.field ?? facts?.name}`, expected);
  }
});

test("a block whose matrices are missing is told by the tensor's name", async () => {
  const one = of("mixtral (5)");
  const stored = tensors(one);
  stored.delete("model.layers.0.block_sparse_moe.experts.3.w2.weight");
  const error = await load(files(one, {}, stored), { backend: "wasm" }).catch((error) => error);
  assert.instance(error, RelpropError);
  assert.is(`${error.code} ${error.facts.name}`, "MissingTensor model.layers.0.block_sparse_moe.experts.3.w2.weight");
});

test("experts: the router's choices of each token, likeliest first, its weights by its own definition", async () => {
  const one = of("mixtral (5)");
  const model = await load(files(one), { backend: "wasm" });
  const { experts, tokens } = await model.explain(TEXT, { experts: true });
  assert.equal(
    experts!.map(({ block }) => block),
    [0, 1],
  );
  for (const { tokens: choices } of experts!) {
    assert.is(choices.length, tokens.length);
    for (const chosen of choices) {
      assert.is(new Set(chosen.map(({ expert }) => expert)).size, 2);
      const [{ weight: first }, { weight: second }] = chosen;
      assert.ok(first >= second && Math.abs(first + second - 1) < 1e-6);
    }
  }
  await model.dispose();

  // Without attention the first router reads the norms of words and of nothing else.
  const stored = tensors(one);
  const zeros = stored.get("model.layers.0.self_attn.o_proj.weight")!;
  stored.set("model.layers.0.self_attn.o_proj.weight", { ...zeros, bytes: new Uint8Array(zeros.bytes.length) });
  const numbers = (name: string) => new Float32Array(stored.get(name)!.bytes.slice().buffer);
  const [words, norm, gate] = [
    "embed_tokens",
    "layers.0.post_attention_layernorm",
    "layers.0.block_sparse_moe.gate",
  ].map((name) => numbers(`model.${name}.weight`));
  const bare = await load(files(one, {}, stored), { backend: "wasm" });
  const { tokens: texts, experts: found } = await bare.explain(TEXT, { experts: true });
  const d = norm.length;
  for (const [t, { id }] of texts.entries()) {
    const x = words.subarray(id * d, (id + 1) * d);
    const root = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / d + 1e-6);
    const logits = Array.from({ length: gate.length / d }, (_, e) =>
      x.reduce((sum, v, c) => sum + ((v * norm[c]) / root) * gate[e * d + c], 0),
    );
    const [first, second] = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
    const { tokens: choices } = found![0];
    assert.equal(
      choices[t].map(({ expert }) => expert),
      [first, second],
    );
    const expected = 1 / (1 + Math.exp(logits[second] - logits[first]));
    assert.ok(Math.abs(choices[t][0].weight - expected) < 1e-5);
  }
  await bare.dispose();
  const dense = await load(new URL("reference/families/gpt2-lm/", import.meta.url), { backend: "wasm" });
  const error = await dense.explain("the sea", { experts: true }).catch((error) => error);
  assert.is(error.code, "InvalidOption");
  await dense.dispose();
});

test("without biases cp-lrp's tokens are the logit, whichever rule gates have", async () => {
  const model = await load(files(of("mixtral (5)")), { backend: "wasm" });
  const gates = {
    context: "values",
    mixture: "values",
    norm: "identity",
    activation: "identity",
    gate: "values",
  } as const;
  for (const method of ["cp-lrp", gates] as const) {
    const { tokens, ledger } = await model.explain(TEXT, { method });
    const { logit, tokens: sum, residual, ...others } = ledger;
    for (const [entry, amount] of Object.entries(others)) assert.is(amount, 0, entry);
    const size = tokens.reduce((n, { relevance }) => n + Math.abs(relevance), 0);
    assert.ok(Math.abs(logit - sum) < 1e-5 * size && residual === logit - sum, `${logit} ${sum}`);
  }
  await model.dispose();
});

test("experts of 16 bits are widened as they are read, apart or as one", async () => {
  const one = of("qwen2_moe (5)");
  const high = (bytes: Uint8Array) => Uint16Array.from(new Uint32Array(bytes.slice().buffer), (bits) => bits >>> 16);
  const half: ReturnType<typeof tensors> = new Map(
    [...tensors(one)].map(([name, { shape, bytes }]) => [
      name,
      { dtype: "BF16", shape, bytes: new Uint8Array(high(bytes).buffer) },
    ]),
  );
  const wide: ReturnType<typeof tensors> = new Map(
    [...half].map(([name, { shape, bytes }]) => {
      const bits = new Uint16Array(bytes.slice().buffer);
      const values = new Float32Array(Uint32Array.from(bits, (v) => v << 16).buffer);
      return [name, { dtype: "F32", shape, bytes: encoded(values, "F32") }];
    }),
  );
  const logits = async (stored: ReturnType<typeof tensors>, keepHalfPrecision: boolean) => {
    const model = await load(files(one, {}, stored), { backend: "wasm", deterministic: true, keepHalfPrecision });
    const { ledger } = await model.explain(TEXT);
    await model.dispose();
    return ledger;
  };
  const expected = await logits(wide, false);
  for (const keep of [false, true]) assert.equal(await logits(half, keep), expected, `${keep}`);
});

test("neurons are of dense blocks alone", async () => {
  const model = await load(files(of("qwen2_moe (5)")), { backend: "wasm" });
  const { neurons } = await model.explain(TEXT, { neurons: 3 });
  assert.ok(neurons!.top.length === 3 && neurons!.top.every(({ block }) => block === 1));
  await model.dispose();
  const sparse = await load(files(of("mixtral (5)")), { backend: "wasm" });
  const error = await sparse.explain(TEXT, { neurons: 3 }).catch((error) => error);
  assert.is(error.code, "InvalidOption");
  const other = await sparse.explain(TEXT, { ablate: { neurons: [[0, 1]] } }).catch((error) => error);
  assert.is(other.code, "InvalidOption");
  await sparse.dispose();
});

test.run();
