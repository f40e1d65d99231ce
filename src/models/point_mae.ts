import type { Data } from "../backends/backend.ts";
import type { Weights } from "../checkpoint/weights.ts";
import { RelpropError } from "../errors.ts";
import { cols, input, type Tensor } from "../graph/tensor.ts";
import { encodeCloud } from "../inputs/points/cloud.ts";
import { activations } from "../ops/activation.ts";
import { context } from "../ops/attention.ts";
import { dot } from "../ops/dot.ts";
import { add } from "../ops/elementwise.ts";
import { linear } from "../ops/linear.ts";
import { reshape } from "../ops/reshape.ts";
import { scaleRows } from "../ops/scale_rows.ts";
import { repeat, segmentMax } from "../ops/segments.ts";
import { selectRow } from "../ops/select.ts";
import { pointCloudClassification, pointCloudReconstruction } from "../tasks/point_clouds.ts";
import { agree, architectureName, type Config, field, integer, invalid, labels, oneOf } from "./config.ts";
import { above } from "./encoder.ts";
import type { Architecture, Family, NetworkInputs } from "./family.ts";
import { dense, norm } from "./layers.ts";
import { preNorm } from "./pre_norm.ts";

const relu = activations.get("relu")!;
const gelu = activations.get("gelu")!;

const MOST_POINTS = 2 ** 17; // of all groups together; published models have some 2 ** 11
const EPS = 1e-5; // of PyTorch's norms

/**
 * The masked autoencoder of point clouds as ExpPoint-MAE has it (Romanelis et al. 2023, arXiv 2306.10798), with its names, and
 * its classifier: small PointNets make groups of points tokens, positions are added before every block, [CLS] comes last.
 * `architectures` ending in ForPointCloudReconstruction make up groups that are hidden, in ForPointCloudClassification classify.
 */
export const pointMae: Family = {
  fields: {
    read: {
      decoder_num_attention_heads: null,
      decoder_num_hidden_layers: null,
      group_size: null,
      hidden_size: null,
      mask_ratio: null,
      normalize: true,
      num_attention_heads: null,
      num_group: null,
      num_hidden_layers: null,
      pooling: null,
    },
    idle: [],
    only: {},
    closed: true,
  },
  build,
};

function build(config: Config, w: Weights): Architecture {
  const width = integer(config, "hidden_size", 2 ** 14);
  const [groups, size] = [integer(config, "num_group", 4096), integer(config, "group_size", 1024)];
  if (groups * size > MOST_POINTS) {
    const message = `config.json's num_group × group_size are ${groups} × ${size} points, the most is ${MOST_POINTS}`;
    throw new RelpropError("LimitExceeded", message, { field: "num_group" });
  }
  const rebuilds = /Reconstruction$/.test(architectureName(config) ?? "");
  const task = rebuilds ? pointCloudReconstruction : pointCloudClassification;
  oneOf(config, "normalize", [true, false], "it is true or false");
  const how = {
    groups,
    size,
    normalize: field(config, "normalize") !== false,
    cls: !rebuilds,
    hidden: rebuilds ? ratio(config) : 0,
  };
  const base = w.base("MAE_encoder");
  const heads = integer(config, "num_attention_heads", 65536);
  const depth = integer(config, "num_hidden_layers", 512);
  const last = rebuilds ? "increase_dim.0.weight" : "cls_head.6.weight";
  const [classes = 0] = w.shape(last) ?? [];
  if (!classes) throw new RelpropError("MissingTensor", `the checkpoint has no ${last}`, { name: last });
  if (rebuilds) agree(config, "group_size", classes / 3, last);
  const names = rebuilds
    ? Array.from({ length: classes }, (_, i) => `${"xyz"[i % 3]} ${Math.floor(i / 3) + 1}`)
    : labels(config, classes);
  const pooled = rebuilds ? [] : pooling(config);
  const cls = rebuilds ? undefined : base.demand("cls_token", [1, 1, width]);

  return {
    task,
    labels: names,
    scores: task.scores!,
    reads: task.reads,
    tables: { words: cls },
    kinds: 1,
    vocabulary: 0,
    width: 3 * size,
    positions: groups + Number(!rebuilds),
    encode: (given, signal) => encodeCloud(given, how, signal),
    length: groups + Number(!rebuilds),
    data(n, tables): Data {
      const stems = new Float32Array(n * width);
      tables.words?.(0, stems, (n - 1) * width);
      const kept = Float32Array.from({ length: (n - 1) * n }, (_, k) => Number(Math.floor(k / n) === k % n));
      const mean = Float32Array.from({ length: n }, (_, j) => Number(j < n - 1) / (n - 1));
      return cls ? { stems, kept, mean } : {};
    },
    network(embedded) {
      const { tokenEmbeddings, rowSelection } = embedded;
      const [batch, n] = tokenEmbeddings.shape;
      const seen = input("seen", [batch, n]);
      const places = input("centers", [batch, n, 3]);
      const encoder = base.at("point_encoder");
      const each = pointFeatures(encoder, reshape(tokenEmbeddings, [batch, n * size, 3]));
      // What relevance of points is read at: all features of a group's points in its row.
      const points = reshape(each, [batch, n, size * cols(each)]);
      const grouped = groupFeatures(encoder, reshape(points, [...each.shape]), size, width);
      const patches = scaleRows(grouped, seen);
      const below = embedded.embeddings ?? (cls ? add(patches, input("stems", [n, width])) : patches);
      const lengths = rebuilds ? counted(w, seen) : embedded.lengths;
      const pos = (at: Weights) => {
        const inner = at.shape("0.weight")?.[0] ?? 0;
        return dense(gelu(dense(places, at.at("0"), inner)), at.at("2"), width);
      };
      const own = scaleRows(pos(base.at("pos_embedding")), seen);
      const block = (i: number, _: Tensor, x: Tensor, around: NetworkInputs) =>
        encoderBlock(base.at(`blocks.blocks.${i}`), add(x, own), { ...around, lengths }, heads);
      const leave = (x: Tensor) => norm(x, base.at("blocks.norm"), EPS);
      const made = (x: Tensor) => (rebuilds ? rebuilt(x, embedded, pos, seen) : classified(x));
      return above({ blocks: depth, block, leave, placed: true }, embedded, below, {
        readings: [
          ["embeddings", below],
          ["points", points],
        ],
        read: (x) => x,
        logits: (x) => (rowSelection ? context(rowSelection, made(x)) : made(x)),
      });
    },
  };

  /** [CLS]'s row, the largest and the mean of the groups', side by side, through two dense layers with folded norms. */
  function classified(x: Tensor): Tensor {
    const n = x.shape[1];
    const parts = pooled.map((name) => {
      if (name === "cls") return selectRow(x, n - 1);
      if (name === "mean") return context(input("mean", [1, 1, 1, n]), x);
      return segmentMax(context(input("kept", [1, 1, n - 1, n]), x), n - 1);
    });
    const head = w.at("cls_head");
    const first = folded(head, "0", "1", pooled.length * width);
    const shares = parts.map((part, k) => first(part, k, width));
    const h = relu(shares.reduce((a, b) => add(a, b)));
    return dense(relu(folded(head, "3", "4", h.shape[2])(h)), head.at("6"), classes);
  }

  /** Seen rows as they are and a learned one for each hidden group, through the decoder: points around each centre. */
  function rebuilt(
    x: Tensor,
    { lengths, ...around }: NetworkInputs,
    pos: (at: Weights) => Tensor,
    seen: Tensor,
  ): Tensor {
    const blank = input("blank", [...seen.shape]);
    const mask = repeat(w.get("mask_token", [1, 1, width]), x.shape[1]);
    let y = add(scaleRows(x, seen), scaleRows(mask, blank));
    const own = pos(w.at("decoder_pos_embedding"));
    const deep = integer(config, "decoder_num_hidden_layers", 512);
    const many = integer(config, "decoder_num_attention_heads", 65536);
    for (let i = 0; i < deep; i++) {
      y = encoderBlock(w.at(`MAE_decoder.blocks.${i}`), add(y, own), { ...around, lengths, capture: undefined }, many);
    }
    return dense(norm(y, w.at("MAE_decoder.norm"), EPS), w.at("increase_dim.0"), classes);
  }
}

/** How many of each cloud's rows are seen: [batch]. */
function counted(w: Weights, seen: Tensor): Tensor {
  const ones = repeat(w.constant(1, [1, 1, 1]), seen.shape[1]);
  return dot(seen, reshape(ones, [1, seen.shape[1]]));
}

/** The features of points by themselves (Qi et al. 2017, in Yu et al. 2022). */
function pointFeatures(w: Weights, points: Tensor): Tensor {
  const first = w.at("first_conv");
  const middle = first.shape("3.weight")?.[0] ?? 0;
  return dense(relu(folded(first, "0", "1", 3)(points)), first.at("3"), middle);
}

/** A group's features: the largest of its points', which know the largest of all their first ones. */
function groupFeatures(w: Weights, local: Tensor, of: number, width: number): Tensor {
  const middle = cols(local);
  const global = segmentMax(local, of);
  const second = w.at("second_conv");
  const both = folded(second, "0", "1", 2 * middle); // of [global, local]
  const h = relu(add(both(local, 1, middle), repeat(both(global, 0, middle), of)));
  return segmentMax(dense(h, second.at("3"), width), of);
}

/**
 * A dense layer without a bias and the batch norm after it as one dense layer (Ioffe and Szegedy 2015, in evaluation). Of an
 * input that is `k`-th of several side by side, its columns only; the norm's shift comes with the last of them.
 */
function folded(w: Weights, layer: string, after: string, width: number) {
  const out = w.shape(`${layer}.weight`)?.[0] ?? 0;
  const matrix = `${layer}.weight`;
  w.demand(matrix, [out, width]);
  for (const name of ["weight", "bias", "running_mean", "running_var"]) w.demand(`${after}.${name}`, [out]);
  return (x: Tensor, k = 0, own = width): Tensor => {
    const of = [matrix, `${after}.weight`, `${after}.running_var`];
    const weight = w.derive(`${layer} ${k}`, [out, own], of, (m, scale, variance) =>
      Float32Array.from({ length: out * own }, (_, i) => {
        const r = Math.floor(i / own);
        return (m[r * width + k * own + (i % own)] * scale[r]) / Math.sqrt(variance[r] + EPS);
      }),
    );
    if ((k + 1) * own < width) return linear(x, weight);
    const shifts = [`${after}.bias`, `${after}.running_mean`, `${after}.weight`, `${after}.running_var`];
    const bias = w.derive(`${layer} shift`, [out], shifts, (shift, mean, scale, variance) =>
      shift.map((v, r) => v - (mean[r] * scale[r]) / Math.sqrt(variance[r] + EPS)),
    );
    return linear(x, weight, bias);
  };
}

/** A pre-norm block with queries, keys and values in one matrix. */
function encoderBlock(layer: Weights, x: Tensor, embedded: NetworkInputs, heads: number): Tensor {
  const width = x.shape[2];
  const all = layer.at("attn.qkv");
  const [q, k, v] = [0, 1, 2].map((i) => (x: Tensor) => {
    const bias = all.shape("bias") && all.part("bias", [3 * width], i * width, width);
    return linear(x, all.part("weight", [3 * width, width], i * width, width), bias);
  });
  const project = { q, k, v, o: (x: Tensor) => dense(x, layer.at("attn.proj"), width) };
  const inner = layer.shape("mlp.fc1.weight")?.[0] ?? 0;
  return preNorm(x, x, embedded, {
    before: (x) => norm(x, layer.at("norm1"), EPS),
    after: (x) => norm(x, layer.at("norm2"), EPS),
    up: (x) => gelu(dense(x, layer.at("mlp.fc1"), inner)),
    down: (neurons) => dense(neurons, layer.at("mlp.fc2"), width),
    heads,
    project,
  });
}

function ratio(config: Config): number {
  const value = field(config, "mask_ratio") ?? 0.6;
  if (typeof value === "number" && value > 0 && value < 1) return value;
  throw invalid("mask_ratio", value, "between 0 and 1");
}

/** What of the blocks' output the head reads. */
function pooling(config: Config): string[] {
  const names = [field(config, "pooling") ?? "cls"].flat();
  const odd = names.find((name) => !["cls", "max", "mean"].includes(name as string));
  if (odd === undefined && names.length) return names as string[];
  throw invalid("pooling", odd, "a list of cls, max and mean");
}
