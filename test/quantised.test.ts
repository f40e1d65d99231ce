// Checkpoints that formats' own libraries have quantised (reference/quantised.py): the bits of decoded weights, and what
// transformers makes of the network that has them.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { narrowTable } from "../src/checkpoint/narrow.ts";
import { decoded } from "../src/checkpoint/quantised/decoded.ts";
import { readBytes } from "../src/checkpoint/quantised/layer.ts";
import { tensors } from "../src/checkpoint/tensors.ts";
import { randomized } from "../src/evaluate/randomized.ts";
import { fits } from "../src/graph/layout.ts";
import { familyOf } from "../src/models/architecture.ts";
import { load } from "../src/runtime/load.ts";
import { pack, type Stored, unpack } from "./checkpoint.ts";
import { compare, type Family, shown } from "./compared.ts";
import { places, runsAll } from "./support.ts";

interface Quantised extends Family {
  config: Record<string, unknown>;
  /** The first 16 hexadecimal digits of a SHA-256 of each decoded matrix. */
  decoded: Record<string, string>;
}

const at = (path: string) => readFileSync(new URL(`reference/${path}`, import.meta.url));
const all: Quantised[] = JSON.parse(at("quantised.json").toString()).quantised;

const contents = ({ name, config }: Quantised) => ({
  "config.json": JSON.stringify(config),
  "model.safetensors": new Uint8Array(at(`quantised/${name}/model.safetensors`)),
  "tokenizer.json": at("decoders/tokenizer.json").toString(),
  "tokenizer_config.json": JSON.stringify({
    tokenizer_class: "PreTrainedTokenizerFast",
    added_tokens_decoder: {},
    model_input_names: ["input_ids", "attention_mask"], // GPT-2 takes type ids for words
  }),
});

const bits = suite("quantised weights");
const kept = new Set<string>();
for (const one of all) {
  bits(`${one.name}: every matrix has the bits of the library's own decoder`, async () => {
    const bytes = contents(one)["model.safetensors"];
    const file = { size: bytes.length, read: async (start: number, end: number) => bytes.slice(start, end) };
    const { columns } = await familyOf(one.config);
    const found = await decoded(await tensors(file, one.name), one.config, columns);
    for (const [name, hash] of Object.entries(one.decoded)) {
      const matrix = found.get(name);
      assert.ok(matrix?.quantised, `${one.name} has no ${name}`);
      const values = await readBytes(matrix);
      assert.is(createHash("sha256").update(values).digest("hex").slice(0, 16), hash, name);
      const { narrow } = matrix.quantised;
      if (!narrow || !fits(matrix.info.shape, narrow.layout)) continue;
      kept.add(`${one.name.replace(/^\w+?-/, "")} ${narrow.layout.kind}`);
      const [rows, width] = matrix.info.shape;
      const table = (await narrowTable(narrow, name, matrix.info.shape))!;
      const device = new Float32Array(rows * width);
      for (let row = 0; row < rows; row++) table(row, device, row * width);
      assert.equal(device, new Float32Array(values.buffer, values.byteOffset, device.length), `${name} on a device`);
    }
  });
}

bits("with shuffled weights it is a checkpoint still", async () => {
  for (const name of ["llama-ct-int4", "llama-bnb-nf4", "gpt2-gptq"]) {
    const one = all.find((one) => one.name.startsWith(name))!;
    let last: Parameters<typeof load>[0] | undefined;
    for await (const files of randomized(contents(one))) last = files;
    await (await load(last!, { backend: "wasm" })).dispose();
  }
});

bits("compressed-tensors: columns whose groups are listed", async () => {
  const one = all.find(({ name }) => name === "llama-ct-int4")!;
  const stored = unpack(contents(one)["model.safetensors"]);
  const layer = "model.layers.0.self_attn.q_proj.";
  // Its two groups change places, and the list says so.
  const scales = stored.get(`${layer}weight_scale`)!;
  const pairs = new Uint32Array(scales.bytes.slice().buffer).map((both) => (both >>> 16) | (both << 16));
  stored.set(`${layer}weight_scale`, { ...scales, bytes: new Uint8Array(pairs.buffer) });
  const order = Int32Array.from({ length: 32 }, (_, i) => Number(i < 16));
  stored.set(`${layer}weight_g_idx`, { dtype: "I32", shape: [32], bytes: new Uint8Array(order.buffer) });
  const bytes = new Uint8Array(await pack(stored).arrayBuffer());
  const file = { size: bytes.length, read: async (start: number, end: number) => bytes.slice(start, end) };
  const found = await decoded(await tensors(file, one.name), one.config);
  const values = await readBytes(found.get(`${layer}weight`)!);
  assert.is(createHash("sha256").update(values).digest("hex").slice(0, 16), one.decoded[`${layer}weight`]);
});

bits("most formats stay narrow on devices, in each layout", () => {
  const kinds = new Set([...kept].map((one) => one.split(" ")[1]));
  assert.equal([...kinds].sort(), ["int4", "int8", "table4", "table8"]);
  if (globalThis.process?.env?.RELPROP_ERRORS) console.log([...kept].join(", "));
});
bits.run();

const hostile = suite("quantised checkpoints that are wrong");
type Tensors = Map<string, Stored>;
type Settings = Record<string, unknown>;
const Q = "model.layers.0.self_attn.q_proj.";
/** Another shape or dtype of a tensor; its bytes are cut or filled up with zeros. */
const shaped = (end: string, shape: number[], dtype?: string) => (all: Tensors) => {
  const one = all.get(Q + end)!;
  const bits: Record<string, number> = { F64: 8, I64: 8, F32: 4, I32: 4, U32: 4, F16: 2, BF16: 2 };
  const bytes = new Uint8Array(shape.reduce((n, d) => n * d, bits[dtype ?? one.dtype] ?? 1));
  bytes.set(one.bytes.subarray(0, bytes.length));
  all.set(Q + end, { dtype: dtype ?? one.dtype, shape, bytes });
};
const without = (end: string) => (all: Tensors) => void all.delete(Q + end);
/** The first number of a tensor of whole numbers or f32. */
const first =
  (end: string, value: number, integer = true) =>
  (all: Tensors) => {
    const { bytes } = all.get(Q + end)!;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (integer) view.setInt32(0, value, true);
    else view.setFloat32(0, value, true);
  };
/** A text in place of what a quant_state holds. */
const state = (change: Settings | string) => (all: Tensors) => {
  const end = `${Q}weight.quant_state.bitsandbytes__nf4`;
  const given = JSON.parse(new TextDecoder().decode(all.get(end)!.bytes));
  const text = typeof change === "string" ? change : JSON.stringify({ ...given, ...change });
  const bytes = new TextEncoder().encode(text);
  all.set(end, { dtype: "U8", shape: [bytes.length], bytes });
};
/** Of the one group of compressed-tensors. */
const weights = (change: Settings) => (config: Settings) => {
  const { config_groups } = config as { config_groups: { group_0: { weights: Settings } } };
  Object.assign(config_groups.group_0.weights, change);
};
const set = (change: Settings) => (config: Settings) => void Object.assign(config, change);
const nothing = () => {};

const experts = (shape: number[]) => (all: Tensors) => {
  const add = (end: string, dtype: string) =>
    all.set(`model.layers.0.mlp.switch_mlp.up_proj.${end}`, { dtype, shape, bytes: new Uint8Array() });
  add("weight", "U32");
  for (const end of ["scales", "biases"]) add(end, "F16");
};
const many = (config: Settings) => {
  const [one] = Object.values(config.config_groups as object);
  config.config_groups = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`group_${i}`, one]));
};

const wrong: [name: string, (config: Settings) => void, (all: Tensors) => void, code: string, of: string][] = [
  ["llama-gptq", set({ quant_method: "aqlm" }), nothing, "ConfigUnsupported", "quantization_config.quant_method"],
  ["llama-gptq", set({ quant_method: 7 }), nothing, "ConfigInvalid", "quantization_config.quant_method"],
  ["llama-gptq", set({ bits: 3 }), nothing, "ConfigUnsupported", "quantization_config.bits"],
  ["llama-gptq", set({ bits: 1e9 }), nothing, "ConfigUnsupported", "quantization_config.bits"],
  ["llama-gptq", set({ group_size: 0 }), nothing, "ConfigInvalid", "quantization_config.group_size"],
  ["llama-gptq", set({ group_size: 8 }), nothing, "ConfigUnsupported", "quantization_config.group_size"],
  [
    "llama-gptq",
    set({ checkpoint_format: "marlin" }),
    nothing,
    "ConfigUnsupported",
    "quantization_config.checkpoint_format",
  ],
  ["llama-gptq", nothing, shaped("scales", [3, 32]), "UnexpectedShape", `${Q}scales`],
  ["llama-gptq", nothing, shaped("scales", [2, 32], "I32"), "UnexpectedDtype", `${Q}scales`],
  ["llama-gptq", nothing, shaped("qzeros", [2, 5]), "ConfigUnsupported", "quantization_config.bits"],
  ["llama-gptq", nothing, shaped("qweight", [4, 32], "F32"), "UnexpectedDtype", `${Q}qweight`],
  ["llama-gptq", nothing, without("qzeros"), "MissingTensor", `${Q}qzeros`],
  ["llama-gptq", nothing, first("g_idx", 2), "ConfigMismatch", `${Q}g_idx`],
  ["llama-gptq", nothing, first("g_idx", -1), "ConfigMismatch", `${Q}g_idx`],
  ["llama-gptq", nothing, first("g_idx", 1), "ConfigMismatch", `${Q}g_idx`],
  ["llama-gptq-act-order", nothing, without("g_idx"), "MissingTensor", `${Q}g_idx`],
  ["llama-awq", set({ bits: 8 }), nothing, "ConfigUnsupported", "quantization_config.bits"],
  ["llama-awq", set({ version: "gemv" }), nothing, "ConfigUnsupported", "quantization_config.version"],
  ["llama-awq", set({ group_size: "16" }), nothing, "ConfigInvalid", "quantization_config.group_size"],
  ["llama-awq", nothing, shaped("qzeros", [2, 3]), "UnexpectedShape", `${Q}qzeros`],
  ["llama-ct-int4", set({ config_groups: [] }), nothing, "ConfigInvalid", "quantization_config.config_groups"],
  [
    "llama-ct-int4",
    weights({ group_size: 0 }),
    nothing,
    "ConfigInvalid",
    "quantization_config.config_groups.group_0.weights.group_size",
  ],
  [
    "llama-ct-int4",
    weights({ num_bits: 1e9 }),
    nothing,
    "ConfigUnsupported",
    "quantization_config.config_groups.group_0.weights.num_bits",
  ],
  ["llama-ct-int4", weights({ group_size: 8 }), nothing, "ConfigMismatch", "quantization_config.config_groups"],
  [
    "llama-ct-int4",
    weights({ strategy: "token" }),
    nothing,
    "ConfigUnsupported",
    "quantization_config.config_groups.group_0.weights.strategy",
  ],
  [
    "llama-ct-int4",
    set({ quantization_status: "frozen" }),
    nothing,
    "ConfigUnsupported",
    "quantization_config.quantization_status",
  ],
  ["llama-ct-int4", set({ format: "marlin-24" }), nothing, "ConfigUnsupported", "quantization_config.format"],
  [
    "llama-ct-int4",
    set({ transform_config: { config_groups: { R1: {} } } }),
    nothing,
    "ConfigUnsupported",
    "quantization_config.transform_config",
  ],
  ["llama-ct-int4", nothing, first("weight_shape", 31), "ConfigMismatch", `${Q}weight_shape`],
  ["llama-ct-int4-zeros", nothing, shaped("weight_zero_point", [3, 2]), "UnexpectedShape", `${Q}weight_zero_point`],
  [
    "llama-fp8",
    set({ weight_block_size: [0, 20] }),
    nothing,
    "ConfigInvalid",
    "quantization_config.weight_block_size[0]",
  ],
  ["llama-fp8", set({ weight_block_size: 128 }), nothing, "ConfigInvalid", "quantization_config.weight_block_size"],
  ["llama-fp8", nothing, shaped("weight_scale_inv", [2, 3]), "UnexpectedShape", `${Q}weight_scale_inv`],
  ["llama-fp8", nothing, first("weight_scale_inv", Number.NaN, false), "NonFiniteWeights", `${Q}weight`],
  ["llama-fp8", nothing, first("weight", 0x7f7f7f7f), "NonFiniteWeights", `${Q}weight`],
  ["llama-fp8", nothing, without("weight_scale_inv"), "Dtype", `${Q}weight`],
  ["llama-bnb-nf4", nothing, state("{"), "ConfigInvalid", `${Q}weight.quant_state.bitsandbytes__nf4`],
  ["llama-bnb-nf4", nothing, state({ blocksize: 0 }), "ConfigInvalid", `${Q}weight.quant_state.bitsandbytes__nf4`],
  ["llama-bnb-nf4", nothing, state({ shape: [2 ** 30, 2 ** 30] }), "SizeMismatch", `${Q}weight`],
  ["llama-bnb-nf4", nothing, state({ shape: [32, 31] }), "SizeMismatch", `${Q}weight`],
  ["llama-bnb-nf4", nothing, state({ quant_type: "fp4" }), "ConfigInvalid", `${Q}weight.quant_state.bitsandbytes__nf4`],
  ["llama-bnb-nf4", nothing, shaped("weight.quant_map", [15]), "UnexpectedShape", `${Q}weight.quant_map`],
  ["llama-bnb-nf4", nothing, first("weight.absmax", Infinity, false), "NonFiniteWeights", `${Q}weight`],
  ["llama-bnb-int8", nothing, shaped("SCB", [31]), "UnexpectedShape", `${Q}SCB`],
  ["llama-mlx-4", set({ bits: 7 }), nothing, "ConfigUnsupported", "quantization.bits"],
  ["llama-mlx-4", set({ group_size: 64 }), nothing, "UnexpectedShape", "lm_head.scales"],
  ["llama-mlx-4", set({ mode: "mxfp6" }), nothing, "ConfigUnsupported", "quantization.mode"],
  ["llama-mlx-4", set({ lm_head: false }), nothing, "ConfigUnsupported", "quantization.lm_head"],
  ["llama-mlx-4", set({ lm_head: 4 }), nothing, "ConfigInvalid", "quantization.lm_head"],
  ["llama-mlx-4", nothing, without("biases"), "MissingTensor", `${Q}biases`],
  // Experts that take no bytes.
  [
    "llama-mlx-4",
    nothing,
    experts([2 ** 31 - 1, 1, 0]),
    "UnexpectedShape",
    "model.layers.0.mlp.switch_mlp.up_proj.weight",
  ],
  ["llama-ct-int4", many, nothing, "LimitExceeded", "quantization_config.config_groups"],
  ["llama-mlx-mxfp4", nothing, shaped("scales", [32, 1], "F16"), "UnexpectedDtype", `${Q}scales`],
];
for (const [name, changed, damaged, code, of] of wrong) {
  hostile(`${name}: ${code} of ${of}, ${changed === nothing ? damaged.name : JSON.stringify(of)}`, async () => {
    const one = all.find((one) => one.name === name)!;
    const config = structuredClone(one.config);
    changed((config.quantization ?? config.quantization_config) as Settings);
    const given = contents(one);
    const tensors = unpack(given["model.safetensors"]);
    damaged(tensors);
    const files = { ...given, "config.json": JSON.stringify(config), "model.safetensors": pack(tensors) };
    const error = await load(files, { backend: "wasm" }).then(
      () => assert.unreachable(`${name} loads`),
      (error) => error,
    );
    assert.is(error.code, code, error.message);
    assert.is(error.facts?.field ?? error.facts?.name, of, error.message);
    assert.ok(error.message.includes(of), error.message);
  });
}

hostile("a matrix that is there twice", async () => {
  const given = contents(all.find(({ name }) => name === "llama-gptq")!);
  const tensors = unpack(given["model.safetensors"]);
  tensors.set(`${Q}weight`, { dtype: "F16", shape: [32, 32], bytes: new Uint8Array(2048) });
  const error = await load({ ...given, "model.safetensors": pack(tensors) }, { backend: "wasm" }).catch(
    (error) => error,
  );
  assert.is(error.code, "ConfigMismatch", error.message);
});
hostile.run();

for (const place of places) {
  const test = suite(`quantised checkpoints on ${place.backend}`);
  const some = runsAll(place.backend) ? all : all.filter(({ name }) => /^(gpt2-gptq|qwen3_moe)/.test(name));
  for (const one of some) {
    test(one.name, async () => {
      const model = await load(contents(one), { ...place, deterministic: true });
      await compare(model, one).finally(() => model.dispose());
      assert.equal(model.unused, [], one.name);
    });
  }
  test.after(() => console.log(shown()));
  test.run();
}
