// Decoders of random weights that are wide enough to be quantised: their rows are whole groups.

import { encoded, pack, type Stored } from "./checkpoint.ts";
import { decoders, files } from "./decoders.ts";
import { random } from "./support.ts";

const [width, inner, rows] = [64, 96, 131];

/** The files of one, of Llama's names or with experts; `config` is added to its own, `head` whether it has a matrix of its own. */
export function wide({ experts = 0, head = false, dtype = "F32" }, config: Record<string, unknown> = {}) {
  const one = decoders.find(({ name }) => name === (experts ? "qwen3_moe (5)" : "llama, no biases, tied (5)"))!;
  const all = new Map<string, Stored>();
  const add = (name: string, shape: number[], values: Float32Array) => {
    const bits = new Uint32Array(values.buffer);
    const bytes =
      dtype === "F32" ? encoded(values, "F32") : new Uint8Array(Uint16Array.from(bits, (b) => b >>> 16).buffer);
    all.set(`${name}.weight`, { dtype, shape, bytes });
  };
  const matrix = (name: string, out: number, wide: number) =>
    add(
      name,
      [out, wide],
      random(out * wide, all.size + 1).map((value) => value / 2),
    );
  const norm = (name: string, n = width) =>
    add(
      name,
      [n],
      random(n, all.size + 1).map((value) => 1 + value / 4),
    );
  matrix("model.embed_tokens", rows, width);
  if (head) matrix("lm_head", rows, width);
  norm("model.norm");
  for (const at of ["model.layers.0", "model.layers.1"]) {
    norm(`${at}.input_layernorm`);
    norm(`${at}.post_attention_layernorm`);
    for (const name of ["q", "k", "v", "o"]) matrix(`${at}.self_attn.${name}_proj`, width, width);
    if (experts) for (const name of ["q", "k"]) norm(`${at}.self_attn.${name}_norm`, 16);
    if (experts) matrix(`${at}.mlp.gate`, experts, width);
    const blocks = experts ? Array.from({ length: experts }, (_, e) => `${at}.mlp.experts.${e}`) : [`${at}.mlp`];
    for (const block of blocks) {
      matrix(`${block}.gate_proj`, inner, width);
      matrix(`${block}.up_proj`, inner, width);
      matrix(`${block}.down_proj`, width, inner);
    }
  }
  const sizes = { hidden_size: width, head_dim: 16, vocab_size: rows, intermediate_size: inner, num_hidden_layers: 2 };
  const attention = { attention_bias: false, num_attention_heads: 4, num_key_value_heads: 4 };
  const mixture = { num_local_experts: experts, moe_intermediate_size: inner, decoder_sparse_step: 1 };
  const own = { ...one.config, ...sizes, ...attention, ...(experts && mixture), tie_word_embeddings: !head, ...config };
  return { ...files(one), "config.json": JSON.stringify(own), "model.safetensors": pack(all) };
}
