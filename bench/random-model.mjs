// A BERT classifier of any size with random weights, as load() takes it: a record of buffers. Runs everywhere.

export const shapes = {
  "MiniLM-L6": { layers: 6, heads: 12, width: 384, inner: 1536 },
  "BERT-base": { layers: 12, heads: 12, width: 768, inner: 3072 },
  tiny: { layers: 2, heads: 2, width: 64, inner: 256 },
};

const known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d"];

/** As many pieces as a shape asks for; only the first few are in texts. */
const vocabularyOf = ({ words = known.length }) =>
  [...known, ...Array.from({ length: words }, (_, i) => `w${i}`)].slice(0, words);

/** A text of exactly `tokens` tokens, [CLS] and [SEP] included. */
export const text = (tokens) => Array.from({ length: tokens - 2 }, (_, i) => "abcd"[i % 4]).join(" ");

/** The ids of those tokens. */
export const ids = (tokens) => [2, ...Array.from({ length: tokens - 2 }, (_, i) => 5 + (i % 4)), 3];

export function randomWeights(shape) {
  const { layers, width, inner, positions = 512 } = shape;
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const weights = new Map();
  const add = (name, shape, scale, mean = 0) => {
    const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
    for (let i = 0; i < data.length; i++) data[i] = mean + scale * uniform();
    weights.set(name, { shape, data });
  };
  const dense = (name, out, into) => {
    add(`${name}.weight`, [out, into], 2 / Math.sqrt(into));
    add(`${name}.bias`, [out], 0.1);
  };
  const norm = (name) => {
    add(`${name}.weight`, [width], 0.2, 1);
    add(`${name}.bias`, [width], 0.1);
  };

  const tables = {
    word_embeddings: vocabularyOf(shape).length,
    position_embeddings: positions,
    token_type_embeddings: 2,
  };
  for (const [name, rows] of Object.entries(tables)) add(`bert.embeddings.${name}.weight`, [rows, width], 1);
  norm("bert.embeddings.LayerNorm");
  for (let i = 0; i < layers; i++) {
    const p = `bert.encoder.layer.${i}`;
    for (const part of ["query", "key", "value"]) dense(`${p}.attention.self.${part}`, width, width);
    dense(`${p}.attention.output.dense`, width, width);
    norm(`${p}.attention.output.LayerNorm`);
    dense(`${p}.intermediate.dense`, inner, width);
    dense(`${p}.output.dense`, width, inner);
    norm(`${p}.output.LayerNorm`);
  }
  dense("bert.pooler.dense", width, width);
  dense("classifier", 2, width);
  return weights;
}

/** The weights as the files of a checkpoint. */
export function checkpoint(weights, shape) {
  return { ...settings(shape), "model.safetensors": new Blob([...safetensors(weights)]) };
}

/** config.json and tokenizer.json. */
export function settings(shape) {
  const { layers, heads, width, inner, positions = 512 } = shape;
  const vocabulary = vocabularyOf(shape);
  const config = {
    model_type: "bert",
    vocab_size: vocabulary.length,
    hidden_size: width,
    intermediate_size: inner,
    max_position_embeddings: positions,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: "gelu",
    layer_norm_eps: 1e-12,
  };
  const tokenizer = {
    added_tokens: vocabulary.slice(0, 5).map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: ["[CLS]", "A", "[SEP]"].map((id) =>
        id === "A" ? { Sequence: { id, type_id: 0 } } : { SpecialToken: { id, type_id: 0 } },
      ),
      pair: null,
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
      },
    },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
    },
  };
  return {
    "config.json": JSON.stringify(config),
    "tokenizer.json": JSON.stringify(tokenizer),
  };
}

/** The parts of a safetensors file. */
export function* safetensors(weights) {
  const header = {};
  let end = 0;
  for (const [name, { shape, data }] of weights) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, json.length, true);
  yield length;
  yield json;
  for (const { data } of weights.values()) yield data;
}

/** What our network computes before its first block: the embeddings [tokens, width] after their LayerNorm. */
export function embeddings(weights, { width }, tokens) {
  const table = (part) => weights.get(`bert.embeddings.${part}`).data;
  const out = new Float32Array(tokens * width);
  ids(tokens).forEach((id, t) => {
    const row = Array.from({ length: width }, (_, d) => {
      const place = table("position_embeddings.weight")[t * width + d] + table("token_type_embeddings.weight")[d];
      return table("word_embeddings.weight")[id * width + d] + place;
    });
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const deviation = Math.sqrt(row.reduce((n, v) => n + (v - mean) ** 2, 0) / width + 1e-12);
    row.forEach((v, d) => {
      out[t * width + d] = ((v - mean) / deviation) * table("LayerNorm.weight")[d] + table("LayerNorm.bias")[d];
    });
  });
  return out;
}
