import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "../ops/elementwise.ts";
import { gate } from "../ops/gate.ts";
import { causalLM } from "../tasks/causal_lm.ts";
import { activation, agree, type Config, field, integer, invalid, oneOf, positive, unsupported } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import { causalSpan, norm, slice } from "./layers.ts";
import { flag, natural, whole } from "./numbers.ts";
import { preNorm } from "./pre_norm.ts";

const fields: Fields = {
  read: {
    activation_function: "gelu_new",
    eos_token_id: 50256,
    layer_norm_epsilon: 1e-5,
    n_embd: 768,
    n_head: 12,
    n_inner: null,
    n_layer: 12,
    n_positions: 1024,
    pad_token_id: null,
    scale_attn_by_inverse_layer_idx: false,
    scale_attn_weights: true,
    vocab_size: 50257,
  },
  idle: (
    "attn_pdrop classifier_dropout embd_pdrop hidden_dropout reorder_and_upcast_attn resid_pdrop summary_activation " +
    "summary_first_dropout summary_last_dropout summary_proj_to_labels summary_type summary_use_proj"
  ).split(" "),
  only: { add_cross_attention: false },
  aliases: {
    hidden_size: "n_embd",
    max_position_embeddings: "n_positions",
    num_attention_heads: "n_head",
    num_hidden_layers: "n_layer",
  },
};

/**
 * GPT-2 (Radford et al., 2019): norms first, and attention to what came before. Its dense layers are stored transposed. With
 * the same names `nope_gpt` has no positions (Chi et al., 2023), and in `skip_layer_gpt` the last `num_skip_heads` heads of a
 * block look at keys and values of the block `num_skip_layers` before it (Chen et al., 2024).
 */
export const gpt2: Family = { fields, columns: /\.(c_attn|c_fc|c_proj)\.weight$/, build };

/** What the tensors say of one that has no class, and so no defaults. */
const sizes = { n_embd: null, n_head: null, n_layer: null, n_positions: null, vocab_size: null };

/** GPT-2 with switches of its own, of which no class of transformers knows. */
const variant = (switches: Config): Family => ({
  fields: {
    ...fields,
    idle: [...fields.idle, "n_ctx", "predict_special_tokens"],
    read: { ...fields.read, ...sizes, ...switches },
    closed: true,
  },
  build,
});

export const nopeGpt = variant({ position_embedding_type: "none" });

export const skipLayerGpt = variant({
  num_skip_heads: 0,
  num_skip_layers: null,
  position_embedding_type: "absolute",
  skip_mode: "reuse",
});

function build(config: Config, all: Weights): Architecture {
  const w = config.model_type === "gpt2" ? all.without(/^(lm_head|score)\.bias$/) : all; // the class has none
  const base = w.base("transformer");
  const width = integer(config, "n_embd", 2 ** 20);
  const heads = integer(config, "n_head", 65536);
  const inner = base.shape("h.0.mlp.c_fc.weight")?.[1] ?? 0;
  if (field(config, "n_inner") !== undefined) agree(config, "n_inner", inner, base.name("h.0.mlp.c_fc.weight"));
  const eps = positive(config, "layer_norm_epsilon");
  const act = activation(config, "activation_function");
  const span = causalSpan(config);
  if (!span) throw unsupported("is_causal", config.is_causal, "language models must be causal");
  const scaled = flag(config, "scale_attn_weights", true);
  const byDepth = flag(config, "scale_attn_by_inverse_layer_idx", false);

  /** The dense layer `out` wide that is at `first` of one `all` wide. */
  const conv =
    (layer: Weights, out: number, first = 0, all = out) =>
    (x: Tensor) =>
      slice(x, layer, { out, first, all, transposed: true });
  const words = base.name("wte.weight");
  const type = field(config, "model_type");
  oneOf(config, "position_embedding_type", ["absolute", "none"], "supported are absolute and none");
  const positions = field(config, "position_embedding_type") === "none" ? undefined : base.name("wpe.weight");
  const depth = integer(config, "n_layer", 512);
  const skip = type === "skip_layer_gpt" ? skipping(config, heads) : { heads: 0, layers: 0, again: false };
  const skips = skip.heads > 0 && skip.layers < depth;
  /** The skipping heads' columns, 1 or 0, and the others'. */
  const columns = (skipping: boolean) =>
    base.derive(`skipping ${skipping}`, [width], [], () => {
      const from = width - (skip.heads * width) / heads;
      return Float32Array.from({ length: width }, (_, c) => Number(c >= from === skipping));
    });
  const design = encoder({ max_position_embeddings: field(config, "n_positions"), ...config }, w, {
    tables: { words, positions },
    eps,
    blocks: depth,
    block(i, read, x, embedded) {
      const layer = base.at(`h.${i}`);
      const [q, k, v] = [0, 1, 2].map((n) => conv(layer.at("attn.c_attn"), width, n * width, 3 * width));
      const source = skips ? embedded.previousBlocks?.[i - skip.layers] : undefined;
      const mixed = (name: "ownKeys" | "ownValues", to: (x: Tensor) => Tensor) => (x: Tensor) => {
        const own = to(x);
        embedded.capture?.({ [name]: own });
        if (!source) return own;
        const other = skip.again ? to(source.normed!) : source[name]!;
        return add(gate(own, columns(false)), gate(other, columns(true)));
      };
      const o = conv(layer.at("attn.c_proj"), width);
      const scale = (scaled ? 1 / Math.sqrt(width / heads) : 1) / (byDepth ? i + 1 : 1);
      return preNorm(read, x, embedded, {
        before: (x) => norm(x, layer.at("ln_1"), eps),
        after: (x) => norm(x, layer.at("ln_2"), eps),
        up: (x) => act(conv(layer.at("mlp.c_fc"), inner)(x)),
        down: conv(layer.at("mlp.c_proj"), width),
        heads,
        project: { q, k: mixed("ownKeys", k), v: mixed("ownValues", v), o },
        scale,
        span,
      });
    },
    placed: true,
    leave: (x) => norm(x, base.at("ln_f"), eps),
    reads: "last",
    heads: {
      "causal-lm": { task: causalLM, out: "lm_head", tied: words },
      "sequence-classification": { out: "score" },
      "token-classification": { out: "classifier" },
      "question-answering": { out: "qa_outputs" },
      embedding: "none",
    },
  });
  if (positions) agree(config, "n_positions", design.positions, positions);
  // A classifier reads the last token that is no padding, by its id.
  const pad = design.task.texts ? whole(config, "pad_token_id") : undefined;
  const around = skips ? (["layers", "heads", "neurons"] as const) : undefined;
  const stops = [field(config, "eos_token_id") ?? []].flat() as number[];
  const found = { ...design, pad, skips: around, stops };
  if (type !== "gpt2") return found;
  // Type ids are ids of words to it.
  const { vocabulary: kinds, tables } = found;
  return { ...found, typed: { ...found, kinds, tables: { ...tables, types: tables.words } } };
}

/** Which heads skip how many blocks, and whether they project again what that block reads. */
function skipping(config: Config, all: number) {
  const heads = natural(config, "num_skip_heads", 0);
  if (heads > all) throw invalid("num_skip_heads", heads, `at most n_head, ${all}`);
  oneOf(config, "skip_mode", ["reuse", "reproject"], "supported are reuse and reproject");
  return { heads, layers: integer(config, "num_skip_layers", 512), again: field(config, "skip_mode") === "reproject" };
}
