import type { Weights } from "../checkpoint/weights.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { context, scores } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { linear } from "../ops/linear.ts";
import { relativeShift } from "../ops/relative_shift.ts";
import { reshape } from "../ops/reshape.ts";
import { names as bert } from "./bert.ts";
import { activation, agree, type Config, field, integer, invalid, oneOf, positive, unsupported } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import { dense, norm, postNorm } from "./layers.ts";
import { flag, mismatch, natural, whole } from "./numbers.ts";

const self = "attention.self";
const names = { ...bert, q: `${self}.query_proj`, k: `${self}.key_proj`, v: `${self}.value_proj` };

const fields: Fields = {
  read: {
    attention_head_size: null,
    conv_act: "tanh",
    conv_groups: 1,
    conv_kernel_size: 0,
    embedding_size: null,
    hidden_act: "gelu",
    hidden_size: 1536,
    intermediate_size: 6144,
    layer_norm_eps: 1e-7,
    legacy: true,
    max_position_embeddings: 512,
    max_relative_positions: -1,
    norm_rel_ebd: "none",
    num_attention_heads: 24,
    num_hidden_layers: 24,
    pooler_hidden_act: "gelu",
    pos_att_type: null,
    position_biased_input: true,
    position_buckets: -1,
    relative_attention: false,
    share_att_key: false,
    type_vocab_size: 0,
    vocab_size: 128100,
  },
  idle: ["attention_probs_dropout_prob", "cls_dropout", "hidden_dropout_prob", "pooler_dropout", "pooler_hidden_size"],
  only: {},
};

/**
 * DeBERTa v2 and v3 (He et al., 2021 and 2023): scores also have products of words with vectors of how far apart two tokens
 * are, which count as positions.
 */
export const debertaV2: Family = { fields, build };

function build(config: Config, all: Weights): Architecture {
  const w = all.without(/embeddings\.embed_proj\.bias$/); // the class has none
  const base = w.base("deberta");
  const width = integer(config, "hidden_size", 2 ** 20);
  const heads = integer(config, "num_attention_heads", 65536);
  const eps = positive(config, "layer_norm_eps");
  const inner = base.shape("encoder.layer.0.intermediate.dense.weight")?.[0] ?? 0;
  agree(config, "intermediate_size", inner, base.name("encoder.layer.0.intermediate.dense.weight"));
  oneOf(config, "attention_head_size", [width / heads], `heads are ${width / heads} wide`);
  const kinds = listed(config, "pos_att_type", []);
  const near = ["c2p", "p2c"].map((kind) => kinds.includes(kind));
  const scale = 1 / Math.sqrt((width / heads) * (1 + near.filter(Boolean).length));
  const [c2p, p2c] = flag(config, "relative_attention", false) ? near : [];
  const shared = flag(config, "share_att_key", false);

  const longest = integer(config, "max_position_embeddings", 2 ** 20);
  const most = whole(config, "max_relative_positions") ?? -1;
  const far = most < 1 ? longest : most;
  const buckets = whole(config, "position_buckets") ?? -1;
  const span = buckets > 0 ? buckets : far;
  if (buckets === 1 || (buckets > 1 && far - 1 === buckets >> 1)) {
    throw unsupported(
      "position_buckets",
      buckets,
      `there are no so many logarithmic buckets up to a distance of ${far}`,
    );
  }
  const relative = c2p || p2c ? base.demand("encoder.rel_embeddings.weight", [2 * span, width]) : undefined;
  const normed = listed(config, "norm_rel_ebd", "none").includes("layer_norm");
  const narrow = base.shape("embeddings.word_embeddings.weight")?.[1];
  agree(config, "embedding_size", narrow ?? width, table(base, "word"));
  const conv = convolution(config, base.at("encoder.conv"), width, eps);

  const act = activation(config, "hidden_act");
  const how = { heads, inner, eps, act, names, scale };
  const positions = flag(config, "position_biased_input", true) ? table(base, "position") : undefined;
  const types = natural(config, "type_vocab_size", 0) > 0 ? table(base, "token_type") : undefined;
  const legacy = flag(config, "legacy", true);
  const lm = legacy ? "cls.predictions" : "lm_predictions.lm_head";
  const texts = {
    dense: "pooler.dense",
    act: w.shape("pooler.dense.weight") && activation(config, "pooler_hidden_act"),
    out: "classifier",
  };
  const design = encoder(config, w, {
    tables: { words: table(base, "word"), positions, types, relative },
    data(t, { relative }, texts) {
      const rows = new Float32Array(relative ? (2 * t - 1) * width : 0);
      for (let c = 0; relative && c < 2 * t - 1; c++) {
        const at = bucket(c - (t - 1), buckets, far) + span;
        relative(Math.max(0, Math.min(2 * span - 1, at)), rows, c * width);
      }
      return {
        ...(relative && { relative: rows }),
        ...conv?.data(
          t,
          texts.map(({ tokens }) => tokens.length),
        ),
      };
    },
    width,
    project: narrow === width ? undefined : (x) => dense(x, base.at("embeddings.embed_proj"), width),
    norm: base.at("embeddings.LayerNorm"),
    eps,
    blocks: integer(config, "num_hidden_layers", 512),
    block(i, read, x, embedded) {
      const layer = base.at(`encoder.layer.${i}`);
      const plain = input("relative", [1, 2 * x.shape[1] - 1, width]);
      const vectors = normed ? norm(plain, base.at("encoder.LayerNorm"), eps) : plain;
      const to = (name: string) => dense(vectors, layer.at(`${self}.${shared ? "" : "pos_"}${name}_proj`), width);
      const bias = (q: Tensor, k: Tensor) => {
        const parts = [];
        if (c2p) parts.push(relativeShift(scores(q, to("key"), heads, scale), false));
        if (p2c) parts.push(relativeShift(scores(k, to("query"), heads, scale), true));
        return parts.reduce(add);
      };
      const y = postNorm(layer, read, x, embedded, c2p || p2c ? { ...how, bias } : how);
      return conv && i === 0 ? conv.addTo(x, y) : y;
    },
    placed: true,
    heads: {
      "sequence-classification": texts,
      "token-classification": { out: "classifier" },
      "question-answering": { out: "qa_outputs" },
      "masked-lm": {
        dense: legacy ? `${lm}.transform.dense` : `${lm}.dense`,
        act,
        norm: legacy ? `${lm}.transform.LayerNorm` : `${lm}.LayerNorm`,
        out: `${lm}.decoder`,
        tied: table(base, "word"),
        bias: `${lm}.bias`,
        apart: legacy ? "first" : "only",
      },
      "multiple-choice": texts,
      embedding: "none",
    },
  });
  return conv ? { ...design, skips: ["heads", "neurons"] } : design;
}

const table = (base: Weights, kind: string) => base.name(`embeddings.${kind}_embeddings.weight`);

/** What transformers splits where it is one string. */
function listed(config: Config, name: string, otherwise: unknown): unknown[] {
  const value = field(config, name) ?? otherwise;
  if (Array.isArray(value)) return value;
  if (typeof value !== "string") throw invalid(name, value, "a string, or a list of strings");
  return value
    .toLowerCase()
    .split("|")
    .map((one) => one.trim());
}

/**
 * A convolution over tokens, of the embeddings, parallel to the first block: each token and its neighbours, all that a dense
 * layer reads of them. What is beyond the text's end is zeros.
 */
function convolution(config: Config, w: Weights, width: number, eps: number) {
  const size = natural(config, "conv_kernel_size", 0);
  if (!size) return undefined;
  if (size % 2 === 0) throw unsupported("conv_kernel_size", size, "it must be odd");
  const groups = natural(config, "conv_groups", 1) || 1;
  if (width % groups) throw mismatch("conv_groups", groups, "hidden_size", width);
  const act = activation(config, "conv_act");
  const each = width / groups;
  w.demand("conv.weight", [width, each * size]);
  const matrix = w.derive("conv.weight", [width, size * width], ["conv.weight"], (stored) => {
    const out = new Float32Array(width * size * width);
    for (let o = 0; o < width; o++) {
      const first = Math.floor(o / each) * each;
      for (let c = 0; c < each; c++) {
        for (let k = 0; k < size; k++) out[(o * size + k) * width + first + c] = stored[(o * each + c) * size + k];
      }
    }
    return out;
  });
  return {
    /** Which token each place of each token's neighbourhood is, of texts of these lengths [batch, 1, t · size, t]. */
    data(t: number, lengths: readonly number[]) {
      const neighbours = new Float32Array(lengths.length * t * size * t);
      for (const [b, n] of lengths.entries()) {
        for (let i = 0; i < n; i++) {
          for (let k = 0; k < size; k++) {
            const at = i + k - (size >> 1);
            if (at >= 0 && at < n) neighbours[((b * t + i) * size + k) * t + at] = 1;
          }
        }
      }
      return { neighbours };
    },
    addTo(x: Tensor, y: Tensor): Tensor {
      const [batch, t] = x.shape;
      const around = context(input("neighbours", [batch, 1, t * size, t]), x);
      const mixed = linear(reshape(around, [batch, t, size * width]), matrix, w.get("conv.bias", [width]));
      return norm(add(y, act(mixed)), w.at("LayerNorm"), eps);
    },
  };
}

/** Near distances have a bucket each, further ones share them by logarithm; without buckets each is its own. */
export function bucket(distance: number, buckets: number, far: number): number {
  const n = Math.abs(distance);
  const half = buckets >> 1;
  if (buckets <= 0 || n <= half) return distance;
  const f = Math.fround; // as PyTorch computes it
  const share = f(f(Math.log(f(n / half))) / f(Math.log(f((far - 1) / half))));
  return Math.sign(distance) * (Math.ceil(f(share * (half - 1))) + half);
}
