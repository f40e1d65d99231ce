import type { Weights } from "../checkpoint/weights.ts";
import { RelpropError } from "../errors.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { activations } from "../ops/activation.ts";
import { context } from "../ops/attention.ts";
import { gate } from "../ops/gate.ts";
import { reshape } from "../ops/reshape.ts";
import { selectRow } from "../ops/select.ts";
import { imageClassification } from "../tasks/images.ts";
import { activation, architectureName, type Config } from "./config.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import { top } from "./heads.ts";
import { dense, slice } from "./layers.ts";
import { flag, real } from "./numbers.ts";
import { type Vision, vision, width } from "./vision.ts";

const fields: Fields = {
  read: {
    head_dim: null,
    hidden_act: "gelu",
    hidden_size: 768,
    image_size: 224,
    layer_norm_eps: 1e-6,
    mlp_ratio: 4,
    num_attention_heads: 12,
    num_channels: 3,
    num_hidden_layers: 12,
    patch_size: 14,
    qkv_bias: true,
    use_swiglu_ffn: false,
  },
  // layerscale_value is what lambda1 starts from. Masks and feature maps are for
  // other uses of the model.
  idle: (
    "_out_features _out_indices apply_layernorm attention_probs_dropout_prob drop_path_rate hidden_dropout_prob " +
    "layerscale_value out_features out_indices reshape_hidden_states stage_names use_mask_token"
  ).split(" "),
  only: {},
};

/**
 * DINOv2 (Oquab et al., 2023): a ViT with layer scale, and with positions for images of any size. An image's
 * vector is the first token's; a classifier also reads the mean of all patches.
 */
export const dinov2: Family = { fields, build };

function build(config: Config, w: Weights): Architecture {
  const base = w.base("dinov2");
  const d = width(base);
  const act = activation(config, "hidden_act");
  const wrote = architectureName(config) ?? (w.shape("classifier.weight") ? "ForImageClassification" : "Model");
  const wide = /ForImageClassification$/.test(wrote);
  const heads = {
    "image-classification": { task: imageClassification, out: "classifier" },
    embedding: "none",
  } as const;
  const head = top({ ...config, architectures: [wrote] }, w, heads, wide ? 2 * d : d, 1);
  const gated = flag(config, "use_swiglu_ffn", false);
  const first = `encoder.layer.0.mlp.${gated ? "weights_in" : "fc1"}.weight`;
  const inner = Math.trunc(d * real(config, "mlp_ratio", 4));
  const needs = gated ? 16 * Math.floor((Math.trunc((inner * 2) / 3) + 7) / 8) : inner;
  base.demand(first, [needs, d]);
  return vision(config, base, {
    specials: [["[CLS]", "embeddings.cls_token"]],
    norms: ["norm1", "norm2"],
    scales: ["layer_scale1.lambda1", "layer_scale2.lambda1"],
    neurons: gated ? swiglu : (layer, x) => act(dense(x, layer.at("mlp.fc1"), inner)),
    out: gated ? "mlp.weights_out" : "mlp.fc2",
    processor: "BitImageProcessor",
    stretch,
    head: { ...head, reads: "first" },
    ...(wide ? { read: both, rows: true, data: halves } : { read: (x: Tensor) => selectRow(x, 0) }),
  });
}

/** The two halves of one dense layer (Shazeer, 2020). */
function swiglu(layer: Weights, x: Tensor): Tensor {
  const w = layer.at("mlp.weights_in");
  const rows = w.shape("weight")?.[0] ?? 0;
  const [a, b] = [0, rows / 2].map((first) => slice(x, w, { out: rows / 2, first, all: rows }));
  return gate(activations.get("silu")!(a), b);
}

/** The first token concatenated with the mean of all patches [batch, 1, 2d]. */
const both = (x: Tensor): Tensor => {
  const [batch, t, d] = x.shape;
  return reshape(context(input("halves", [1, 1, 2, t]), x), [batch, 1, 2 * d]);
};

/** The weights of all tokens in the first one, and in the mean of patches. */
const halves = (n: number) => ({
  halves: Float32Array.from({ length: 2 * n }, (_, k) => (k < n ? Number(!k) : Number(k > n) / (n - 1))),
});

/** Bicubic interpolation (Keys, 1981, with a = −¾), each grid's cells having their centres at halves, as PyTorch has it. */
const stretch: Vision["stretch"] = (position, from, to, d) => {
  const side = Math.floor(Math.sqrt(from[0] * from[1])); // it is taken for a square
  if (side ** 2 !== from[0] * from[1]) {
    const message = `config.json's image_size makes ${from.join(" × ")} patches; transformers needs a square number of them`;
    throw new RelpropError("ConfigUnsupported", message, { field: "image_size" });
  }
  const table = Float32Array.from({ length: side * side * d });
  for (let j = 0; j < side * side; j++) position(j, table, j * d);
  const [down, across] = to.map((n) => taps(side, n));
  const out = new Float32Array(to[0] * to[1] * d);
  for (const [i, rows] of down.entries()) {
    for (const [j, columns] of across.entries()) {
      for (let k = 0; k < d; k++) {
        let sum = 0;
        for (const [y, wy] of rows) for (const [x, wx] of columns) sum += wy * wx * table[(y * side + x) * d + k];
        out[(i * to[1] + j) * d + k] = sum;
      }
    }
  }
  return out;
};

/** Which of `from` cells each of `to` is made of, with their weights. */
function taps(from: number, to: number): [cell: number, weight: number][][] {
  const a = -0.75;
  const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return Array.from({ length: to }, (_, i) => {
    const at = ((i + 0.5) * from) / to - 0.5;
    const t = at - Math.floor(at);
    const weights = [far(t + 1), near(t), near(1 - t), far(2 - t)];
    return weights.map((weight, k) => [Math.min(from - 1, Math.max(0, Math.floor(at) - 1 + k)), weight]);
  });
}
