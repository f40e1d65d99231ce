import { scores } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { skew } from "../ops/skew.ts";
import { input, type Tensor } from "../tensor.ts";
import { names as bert } from "./bert.ts";
import { activation, agree, field, integer, oneOf, positive } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Family } from "./family.ts";
import { dense, norm, postNorm } from "./layers.ts";
import { natural } from "./numbers.ts";

const self = "attention.self";
const names = { ...bert, q: `${self}.query_proj`, k: `${self}.key_proj`, v: `${self}.value_proj` };

/**
 * DeBERTa v2 and v3 (He et al., 2021 and 2023): scores also have products of words with vectors of how far apart two tokens
 * are, which count as positions.
 */
export const debertaV2: Family = {
  fields: {
    read: {
      conv_kernel_size: 0,
      embedding_size: null,
      hidden_act: "gelu",
      hidden_size: 1536,
      intermediate_size: 6144,
      layer_norm_eps: 1e-7,
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
    idle: ["attention_probs_dropout_prob", "hidden_dropout_prob", "legacy", "pooler_dropout", "pooler_hidden_size"],
    only: {},
  },
  build(config, w) {
    const base = w.base("deberta");
    const width = integer(config, "hidden_size", 2 ** 20);
    const heads = integer(config, "num_attention_heads", 65536);
    const eps = positive(config, "layer_norm_eps");
    const inner = base.shape("encoder.layer.0.intermediate.dense.weight")?.[0] ?? 0;
    agree(config, "intermediate_size", inner, base.name("encoder.layer.0.intermediate.dense.weight"));
    oneOf(config, "relative_attention", [true], "only relative attention is supported");
    oneOf(config, "conv_kernel_size", [0], "convolutions are not supported");
    oneOf(config, "embedding_size", [width], "embeddings narrower than the stream are not supported");
    const kinds = [field(config, "pos_att_type") ?? []]
      .flat()
      .flatMap((kind) => (typeof kind === "string" ? kind.split("|") : []));
    const [c2p, p2c] = [kinds.includes("c2p"), kinds.includes("p2c")];
    const scale = 1 / Math.sqrt((width / heads) * (1 + Number(c2p) + Number(p2c)));
    const shared = field(config, "share_att_key") === true;

    const longest = integer(config, "max_position_embeddings", 2 ** 20);
    const most = Number(field(config, "max_relative_positions") ?? -1);
    const far = most < 1 ? longest : most;
    const buckets = Number(field(config, "position_buckets") ?? -1);
    const span = buckets > 0 ? buckets : far;
    const relative = base.demand("encoder.rel_embeddings.weight", [2 * span, width]);
    const normed = field(config, "norm_rel_ebd") === "layer_norm";

    const act = activation(config, "hidden_act");
    const how = { heads, inner, eps, act, names, scale };
    const table = (kind: string) => base.name(`embeddings.${kind}_embeddings.weight`);
    const positions = field(config, "position_biased_input") !== false ? table("position") : undefined;
    const types = natural(config, "type_vocab_size", 0) > 0 ? table("token_type") : undefined;
    const legacy = w.shape("cls.predictions.transform.dense.weight") !== undefined;
    const lm = legacy ? "cls.predictions" : "lm_predictions.lm_head";
    return encoder(config, w, {
      tables: { words: table("word"), positions, types, relative },
      data(t, { relative }) {
        const rows = new Float32Array((2 * t - 1) * width);
        for (let c = 0; c < 2 * t - 1; c++) {
          const at = bucket(c - (t - 1), buckets, far) + span;
          relative!(Math.max(0, Math.min(2 * span - 1, at)), rows, c * width);
        }
        return { relative: rows };
      },
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
          if (c2p) parts.push(skew(scores(q, to("key"), heads, scale), false));
          if (p2c) parts.push(skew(scores(k, to("query"), heads, scale), true));
          return parts.reduce(add);
        };
        return postNorm(layer, read, x, embedded, c2p || p2c ? { ...how, bias } : how);
      },
      placed: true,
      heads: {
        "sequence-classification": {
          dense: "pooler.dense",
          act: w.shape("pooler.dense.weight") && activation(config, "pooler_hidden_act"),
          out: "classifier",
        },
        "token-classification": { out: "classifier" },
        "question-answering": { out: "qa_outputs" },
        "masked-lm": {
          dense: legacy ? `${lm}.transform.dense` : `${lm}.dense`,
          act,
          norm: legacy ? `${lm}.transform.LayerNorm` : `${lm}.LayerNorm`,
          out: `${lm}.decoder`,
          tied: table("word"),
          bias: `${lm}.bias`,
        },
        embedding: "none",
      },
    });
  },
};

/** Near distances have a bucket each, further ones share them by logarithm; without buckets each is its own. */
export function bucket(distance: number, buckets: number, far: number): number {
  const n = Math.abs(distance);
  const half = buckets >> 1;
  if (buckets <= 0 || n <= half) return distance;
  const f = Math.fround; // as PyTorch computes it
  const share = f(f(Math.log(f(n / half))) / f(Math.log(f((far - 1) / half))));
  return Math.sign(distance) * (Math.ceil(f(share * (half - 1))) + half);
}
