// What decoders after Llama have in common: norms first that do not centre, attention to what came before by rotated queries and
// keys, heads of which may share keys and values, gated feed-forward layers, and a head that reads the last token.

import type { Weights } from "../checkpoint/weights.ts";
import { cols, type Tensor } from "../graph/tensor.ts";
import { gate } from "../ops/gate.ts";
import { rmsNorm } from "../ops/norm.ts";
import { rotary } from "../ops/rotary.ts";
import { causalLM } from "../tasks/causal_lm.ts";
import { activation, agree, type Config, field, integer, positive, unsupported } from "./config.ts";
import { encoder } from "./encoder.ts";
import type { Architecture, NetworkInputs } from "./family.ts";
import type { Fields } from "./fields.ts";
import type { Heads } from "./heads.ts";
import { type Attention, causalSpan, dense } from "./layers.ts";
import { mismatch, whole } from "./numbers.ts";
import { type PreNorm, preNorm } from "./pre_norm.ts";
import { type Rope, ropeOf, rotaryFields } from "./rope.ts";
import { rotations } from "./rotations.ts";

/** The fields that the classes of all these families have, with their usual defaults, and a family's own. */
export function decoderFields(own: Config, idle: readonly string[] = []): Fields {
  const usual = {
    ...rotaryFields,
    eos_token_id: null,
    hidden_act: "silu",
    num_key_value_heads: null,
    pad_token_id: null,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
  };
  // What a class has not is undefined in its own.
  const read = Object.entries({ ...usual, ...own }).filter(([, value]) => value !== undefined);
  return { read: Object.fromEntries(read), idle: ["attention_dropout", ...idle], only: {} };
}

/** What Llama calls the tensors; `embedded` is the norm of the embeddings, of those that have one. */
const names = { base: "model", words: "embed_tokens", embedded: "", blocks: "layers", last: "norm" };

/** What differs from family to family; each by default as in Llama. */
export interface Decoder {
  names: Partial<typeof names>;
  eps: number;
  /** The norm of that name. */
  norm(x: Tensor, w: Weights): Tensor;
  /** What queries, keys and values of block `i` are before they are turned, and what is made of all heads' outputs. */
  project(layer: Weights, i: number): Attention["project"];
  /** What queries and keys make scores of. */
  attention: Pick<Attention, "scale" | "cap">;
  /** What is added to the scores, as in layers.ts. */
  bias?(embedded: NetworkInputs): Attention["bias"];
  /** The names of the norms of what attention and the feed-forward half of a block read, if there are any. */
  norms: { before?: string; after?: string };
  /** Whether both halves read what enters the block. */
  parallel?: boolean;
  /** The activation of gated layers. */
  act(x: Tensor): Tensor;
  /** Neurons of the normalised stream, and what is added of them, of block `i`. */
  feedforward(
    layer: Weights,
    i: number,
    embedded: NetworkInputs,
    act: (x: Tensor) => Tensor,
  ): Pick<PreNorm, "up" | "down">;
  /** What enters the first block of the embeddings. */
  enter?(x: Tensor): Tensor;
  /** What the scores of the next token are made of the head's. */
  bound?(logits: Tensor): Tensor;
  /** How a kind of block turns queries and keys; a kind that is not named does not. */
  ropes: Readonly<Record<string, Rope>>;
  /** Whether what is turned together are neighbours. */
  neighbours?: boolean;
  /** The kind of block `i`. */
  kind(i: number): string;
  /** How many tokens, itself among them, a token of block `i` sees, where these are not all before it. */
  window(i: number): number | undefined;
  /** Further inputs of the network. */
  data?: Architecture["data"];
  /** Heads that are not like Llama's; `words` is the name of the matrix that logits may share. */
  head?(words: string): Heads;
  /** Heads of Llama's that transformers has no class of in this family: nothing says what such a checkpoint would give. */
  lacks?: readonly (keyof Heads)[];
}

/** The sizes of a config's attention. */
export function heads(config: Config) {
  const width = integer(config, "hidden_size", 2 ** 20);
  const heads = integer(config, "num_attention_heads", 65536);
  const kvHeads =
    field(config, "num_key_value_heads") === undefined ? heads : integer(config, "num_key_value_heads", heads);
  const own = field(config, "head_dim") !== undefined;
  if (!own && width % heads) throw mismatch("hidden_size", width, "num_attention_heads", heads);
  if (heads % kvHeads) throw mismatch("num_attention_heads", heads, "num_key_value_heads", kvHeads);
  const d = own ? integer(config, "head_dim", 2 ** 20) : width / heads;
  return { width, heads, kvHeads, d };
}

/** The dense layers of Llama's attention. */
export function projections(config: Config, layer: Weights): Attention["project"] {
  const { width, heads: n, kvHeads, d } = heads(config);
  const to = (name: string, out: number) => (x: Tensor) => dense(x, layer.at(`self_attn.${name}_proj`), out);
  return { q: to("q", n * d), k: to("k", kvHeads * d), v: to("v", kvHeads * d), o: to("o", width) };
}

/** The same with a norm of queries and of keys: of each head, or of all of them together. */
export function projectionNorms(config: Config, layer: Weights, of: "each head" | "all heads"): Attention["project"] {
  const { q, k, ...others } = projections(config, layer);
  const normed = (f: (x: Tensor) => Tensor, name: string) => (x: Tensor) => {
    const y = f(x);
    const weight = layer.get(`self_attn.${name}_norm.weight`, [of === "each head" ? heads(config).d : cols(y)]);
    return rmsNorm(y, weight, positive(config, "rms_norm_eps"));
  };
  return { ...others, q: normed(q, "q"), k: normed(k, "k") };
}

export function decoder(config: Config, all: Weights, own: Partial<Decoder> = {}): Architecture {
  const called = { ...names, ...own.names };
  const base = all.base(called.base).base("transformer"); // as some classes that answer questions call it
  const { width, heads: n, kvHeads, d } = heads(config);
  const span = causalSpan(config);
  if (!span) throw unsupported("is_causal", config.is_causal, "decoders are causal");
  const eps = own.eps ?? positive(config, "rms_norm_eps");
  const it: Decoder = {
    eps,
    norm: (x, w) => rmsNorm(x, w.get("weight", [cols(x)]), eps),
    project: (layer) => projections(config, layer),
    attention: {},
    norms: { before: "input_layernorm", after: "post_attention_layernorm" },
    act: (x) => activation(config, "hidden_act")(x),
    names: called,
    feedforward: (layer, _, __, act) => gated(layer.at("mlp"), width, act, agreed(config, "intermediate_size")),
    ropes: own.ropes ?? { full_attention: ropeOf(config, d) },
    kind: () => "full_attention",
    window: () => undefined,
    ...own,
  };
  const turns = rotations(it.ropes);
  const words = base.name(`${called.words}.weight`);
  const normed = (layer: Weights, name?: string) => name && ((x: Tensor) => it.norm(x, layer.at(name)));
  const design = encoder(config, all, {
    tables: { words },
    data: (...of) => ({ ...turns.data(...of), ...it.data?.(...of) }),
    project: it.enter,
    norm: called.embedded ? base.at(called.embedded) : undefined,
    eps,
    blocks: integer(config, "num_hidden_layers", 512),
    block(i, read, x, embedded) {
      const layer = base.at(`${called.blocks}.${i}`);
      const { q, k, ...project } = it.project(layer, i);
      const turned = (f: (x: Tensor) => Tensor) => (x: Tensor) =>
        it.ropes[it.kind(i)] ? rotary(f(x), turns.of(it.kind(i), x), { head: d, neighbours: it.neighbours }) : f(x);
      const window = it.window(i);
      return preNorm(read, x, embedded, {
        before: normed(layer, it.norms.before) || undefined,
        after: normed(layer, it.norms.after) || undefined,
        parallel: it.parallel,
        ...it.feedforward(layer, i, embedded, it.act),
        ...it.attention,
        bias: it.bias?.(embedded),
        heads: n,
        kvHeads,
        project: { ...project, q: turned(q), k: turned(k) },
        span: window ? { before: window - 1, after: 0 } : span,
      });
    },
    placed: true,
    leave: (x) => it.norm(x, base.at(called.last)),
    reads: "last",
    heads: without(it.lacks, {
      "causal-lm": { task: causalLM, out: "lm_head", tied: words, unbiased: true, bound: it.bound },
      "sequence-classification": { out: "score", unbiased: true },
      "token-classification": { out: "score" },
      "question-answering": { out: "qa_outputs" },
      ...it.head?.(words),
      embedding: "none",
    }),
  });
  // A classifier reads the last token that is no padding, by its id.
  const pad = design.task.texts ? whole(config, "pad_token_id") : undefined;
  const stops = [field(config, "eos_token_id") ?? []].flat() as number[];
  const positions = Math.max(design.positions, ...Object.values(it.ropes).map(({ longest = 0 }) => longest));
  return { ...design, positions, pad, stops, changesKeys: turns.changes };
}

const without = (lacks: readonly string[] = [], all: Heads): Heads =>
  Object.fromEntries(Object.entries(all).filter(([what]) => !lacks.includes(what)));

/** Llama's feed-forward layers (Shazeer, 2020), if they are as wide as `agrees` finds right. */
export function gated(
  mlp: Weights,
  width: number,
  act: Decoder["act"],
  agrees: (inner: number, tensor: string) => void,
): Required<Pick<PreNorm, "up" | "down">> {
  const inner = mlp.shape("up_proj.weight")?.[0] ?? 0;
  agrees(inner, mlp.name("up_proj.weight"));
  return {
    up: (x) => gate(act(dense(x, mlp.at("gate_proj"), inner)), dense(x, mlp.at("up_proj"), inner)),
    down: (neurons) => dense(neurons, mlp.at("down_proj"), width),
  };
}

/** Whether a field of the config is what a tensor says. */
export const agreed = (config: Config, name: string) => (actual: number, tensor: string) =>
  agree(config, name, actual, tensor);
