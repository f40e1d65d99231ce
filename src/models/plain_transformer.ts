import type { Weights } from "../checkpoint/weights.ts";
import { cols, type Tensor } from "../graph/tensor.ts";
import { scores } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { gate } from "../ops/gate.ts";
import { linear } from "../ops/linear.ts";
import { plainWeights } from "../ops/plain_weights.ts";
import { repeat } from "../ops/segments.ts";
import { softmax } from "../ops/softmax.ts";
import { squares } from "../ops/squares.ts";
import { tabularClassification, tabularRegression } from "../tasks/tabular.ts";
import { activation, agree, type Config, field, integer, invalid, labels, oneOf, positive } from "./config.ts";
import { type Encoder, encoder } from "./encoder.ts";
import { energy, symmetric } from "./energy.ts";
import type { Architecture, Family, NetworkInputs } from "./family.ts";
import { active, attention, causal, dense, norm } from "./layers.ts";
import { natural, real } from "./numbers.ts";
import { fromRows, lastSlot, slot } from "./rows.ts";

const switches: Config = {
  attention_mask: "none",
  attention_scale: null,
  attention_type: "softmax",
  attention_window: null,
  excluded_keys: 0,
  hidden_act: null,
  hidden_size: null,
  key_bias: false,
  layer_norm_eps: null,
  looped_from: null,
  loops: null,
  max_position_embeddings: null,
  norm: "none",
  num_attention_heads: 1,
  num_hidden_layers: null,
  position: "none",
  readout: "mean",
  residual: true,
  residual_scale: null,
  tied: false,
  vocab_size: null,
};

/** What a model_type sets of them for a config that does not. */
const kinds = new Map<string, Config>([
  // Gatmiry et al. 2024 and Chen et al. 2024: linear attention; the query is not a key, and the answer is in its last slot.
  ["looped_linear_transformer", { attention_type: "linear", attention_scale: 1, excluded_keys: 1, readout: "slot" }],
  [
    "linear_regression_transformer",
    { attention_type: "linear", attention_scale: 1, excluded_keys: 1, readout: "slot" },
  ],
  // Jiang et al. 2024 and Li et al. 2024: one layer of unscaled attention, the mean over queries.
  ["one_layer_vit", { attention_scale: 1, residual: false }],
  // Noci et al. 2022.
  ["residual_scaled_encoder", {}],
  // Yang et al. 2022: one tied layer, looped, that descends an energy.
  [
    "energy_transformer",
    { attention_scale: 1, tied: true, key_bias: true, residual: false, looped_from: 0, loops: 12 },
  ],
]);

/**
 * Blocks by switches, for the models of papers: config.json says how attention weighs and what it sees, where norms stand,
 * how much of each half is added to the stream, what is looped. A projection that the checkpoint has not is the identity,
 * a half that it has nothing of is left out. Tokens are rows of numbers unless there is a vocabulary. docs/research/switches.md has the fields.
 */
export const plainTransformer = (type: string): Family => ({
  fields: { read: { ...switches, ...kinds.get(type) }, idle: [], only: {}, closed: true },
  build,
});

function build(config: Config, w: Weights): Architecture {
  const width = integer(config, "hidden_size", 2 ** 16);
  const blocks = integer(config, "num_hidden_layers", 512);
  const place = choice(config, "norm", ["none", "pre", "post"]);
  const eps = place === "none" ? 0 : positive(config, "layer_norm_eps");
  const position = choice(config, "position", ["none", "once", "every"]);
  const readout = choice(config, "readout", ["mean", "first", "last", "tokens", "slot"]);
  const loops = field(config, "looped_from") !== undefined || field(config, "loops") !== undefined;
  const act = field(config, "hidden_act") === undefined ? undefined : activation(config, "hidden_act");
  const how = { ...weighing(config, w), blocks, place, eps, act };
  const positions = position === "none" ? undefined : "embeddings.position_embeddings.weight";
  if (position === "every" && loops) throw invalid("position", position, "none or once, because blocks are looped");
  if (positions) w.demand(positions, [w.shape(positions)?.[0] ?? 0, width]);
  const words = "embeddings.word_embeddings.weight";
  const out = { out: "classifier" };
  const classes = { task: tabularClassification, ...out };
  const it = {
    tables: { words: w.shape(words) && words, positions },
    eps,
    blocks,
    block: (i: number, _: Tensor, x: Tensor, embedded: NetworkInputs) => {
      const at = position === "every" && i > 0 ? add(x, embedded.positionEmbeddings!) : x;
      return block(w.at(`layers.${i}`), at, embedded, { ...how, heads: heads(config, i) });
    },
    placed: true,
    ...(loops && { looped: { first: natural(config, "looped_from", 0), times: natural(config, "loops", 1) } }),
    leave: w.shape("norm.weight")
      ? (x: Tensor) => norm(x, w.at("norm"), positive(config, "layer_norm_eps"))
      : undefined,
    heads: {
      ...(!w.shape(words) && { "tabular-classification": classes }), // what rows are, where no `architectures` names it
      "sequence-classification": out,
      "tabular-classification": classes,
      "tabular-regression": { task: tabularRegression, ...out },
      "token-classification": out,
      embedding: "none",
    } satisfies Encoder["heads"],
  };
  const found = w.shape(words)
    ? encoder(config, w, { ...it, reads: readout === "last" || readout === "mean" ? readout : undefined })
    : readout === "slot"
      ? fromRows(config, w, width, { ...it, reads: "last" }, answer(config, width), lastSlot)
      : fromRows(config, w, width, {
          ...it,
          reads: readout,
          width: leaving(w.at(`layers.${blocks - 1}`), width, how.residual),
        });
  agree(config, "hidden_size", found.width, words);
  const numLoops = it.looped?.times;
  return how.tied ? { ...found, numLoops, energy: energy(w.at("layers.0"), width) } : { ...found, numLoops };
}

/** How wide the rows are that leave the last block. */
function leaving(layer: Weights, width: number, residual: boolean): number {
  const rows = (name: string) => layer.shape(`${name}.weight`)?.[0];
  if (residual || rows("feedforward.symmetric") || rows("feedforward.down")) return width;
  return rows("feedforward.up") ?? rows("attention.output") ?? rows("attention.value") ?? width;
}

const answer = (config: Config, width: number) => ({
  task: tabularRegression,
  labels: labels(config, 1),
  scores: "none" as const,
  logits: (x: Tensor) => linear(x, slot(width)),
});

/** One of `known`, the first where the config has none. */
function choice<T extends string>(config: Config, name: string, known: readonly T[]): T {
  oneOf(config, name, known, `supported are ${known.join(", ")}`);
  return (field(config, name) as T) ?? known[0];
}

function heads(config: Config, i: number): number {
  const all = field(config, "num_attention_heads") ?? 1;
  return integer({ num_attention_heads: Array.isArray(all) ? all[i] : all }, "num_attention_heads", 65536);
}

/** How attention weighs what it sees, and how much of each half is added. */
function weighing(config: Config, w: Weights) {
  const flag = (name: string, otherwise: boolean) => {
    const value = field(config, name) ?? otherwise;
    if (typeof value !== "boolean") throw invalid(name, value, "true or false");
    return value;
  };
  const scale = field(config, "attention_scale");
  const scales = field(config, "residual_scale") ?? [1, 1];
  if (!Array.isArray(scales) || scales.length !== 2 || !scales.every(Number.isFinite)) {
    throw invalid("residual_scale", scales, "two numbers, of attention and of the feed-forward half");
  }
  const window = field(config, "attention_window");
  const reach = window === undefined ? undefined : natural(config, "attention_window", 0);
  const seen = choice(config, "attention_mask", ["none", "causal"]);
  const span = reach === undefined ? undefined : { before: reach, after: seen === "causal" ? 0 : reach };
  const excluded = natural(config, "excluded_keys", 0);
  return {
    tied: flag("tied", false),
    residual: flag("residual", true),
    scales: scales as [number, number],
    weigh: choice(config, "attention_type", ["softmax", "linear"]) === "linear" ? plainWeights : softmax,
    scale: scale === undefined ? undefined : real(config, "attention_scale", 1),
    keyBias: flag("key_bias", false),
    span: span ?? (seen === "causal" ? causal : undefined),
    times: (x: Tensor, by: number) => (by === 1 ? x : gate(x, w.constant(by, [1]))),
    one: (n: number) => w.constant(1, [1, 1, n]),
    less: (lengths: Tensor) => (excluded ? add(lengths, w.constant(-excluded, [1])) : lengths),
  };
}

interface Blocks extends ReturnType<typeof weighing> {
  heads: number;
  place: "none" | "pre" | "post";
  eps: number;
  act?: (x: Tensor) => Tensor;
}

function block(layer: Weights, x: Tensor, embedded: NetworkInputs, how: Blocks): Tensor {
  const { place, eps, residual, scales, times } = how;
  /** What of a half goes on. */
  const half = (name: string, x: Tensor, run: (x: Tensor) => Tensor, by: number) => {
    const made = times(run(place === "pre" ? norm(x, layer.at(`norm.${name}`), eps) : x), by);
    const sum = residual ? add(x, made) : made;
    return { sum, out: place === "post" ? norm(sum, layer.at(`norm.${name}`), eps) : sum };
  };
  const first = half("attention", x, (h) => attended(layer.at("attention"), h, embedded, how), scales[0]);
  embedded.capture?.({ ...(residual && { residualInput: x, preMlpStream: first.out }), attention: first.sum });
  const last = layer.at("feedforward");
  if (!last.shape("up.weight") && !last.shape("symmetric.weight")) return first.out;
  const second = half("feedforward", first.out, (h) => forwarded(last, h, embedded, how), scales[1]);
  embedded.capture?.({ feedforward: second.sum });
  return second.out;
}

function attended(w: Weights, x: Tensor, embedded: NetworkInputs, how: Blocks): Tensor {
  const { heads, weigh, scale, span, keyBias, tied, one, less } = how;
  /** By the projection of that name, or as it is. */
  const to = (name: string) => (x: Tensor) => {
    const out = w.shape(`${name}.weight`)?.[0];
    return out === undefined ? x : dense(x, w.at(name), out);
  };
  const q = to("query");
  const project = { q, k: tied ? q : to("key"), v: to("value"), o: to("output") };
  // A key's bias −½‖k‖² is the same for all queries: a product with a one.
  const bias = (q: Tensor, k: Tensor) => scores(repeat(one(heads), q.shape[1]), squares(k, heads), heads, -1 / 2);
  const lengths = less(embedded.lengths);
  return attention(
    x,
    x,
    { ...embedded, lengths },
    { heads, project, scale, span, weigh, bias: keyBias ? bias : undefined },
  );
}

function forwarded(w: Weights, x: Tensor, embedded: NetworkInputs, { act = (x: Tensor) => x }: Blocks): Tensor {
  const d = cols(x);
  if (w.shape("symmetric.weight")) {
    // Y ← −½ Y (W + Wᵀ) + B, one step of gradient descent on ½ tr(Y W Yᵀ) + ½ ‖Y − B‖².
    w.demand("symmetric.weight", [d, d]);
    const step = w.derive("step", [d, d], ["symmetric.weight"], (m) => symmetric(m, d).map((v) => -v));
    return act(linear(x, step, w.find("symmetric.bias", [d])));
  }
  const inner = w.shape("up.weight")![0];
  const neurons = active(act(dense(x, w.at("up"), inner)), embedded);
  embedded.capture?.({ neurons });
  return w.shape("down.weight") ? dense(neurons, w.at("down"), d) : neurons;
}
