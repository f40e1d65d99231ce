import type { Weights } from "../checkpoint/weights.ts";
import type { Tensor } from "../graph/tensor.ts";
import { context } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { selectRow } from "../ops/select.ts";
import { imageClassification } from "../tasks/images.ts";
import { activation, agree, architectureName, type Config, field } from "./config.ts";
import type { Architecture, Family } from "./family.ts";
import type { Fields } from "./fields.ts";
import { top } from "./heads.ts";
import { dense } from "./layers.ts";
import { vision, width } from "./vision.ts";

const TEACHER = "distillation_classifier";

const fields: Fields = {
  read: {
    head_dim: null,
    hidden_act: "gelu",
    hidden_size: 768,
    image_size: 224,
    intermediate_size: 3072,
    layer_norm_eps: 1e-12,
    num_attention_heads: 12,
    num_channels: 3,
    num_hidden_layers: 12,
    patch_size: 16,
    pooler_act: "tanh",
    pooler_output_size: null,
    qkv_bias: true,
  },
  // encoder_stride is for a head that is not supported.
  idle: ["attention_probs_dropout_prob", "encoder_stride", "hidden_dropout_prob"],
  only: {},
};

/** ViT (Dosovitskiy et al., 2021), and DeiT (Touvron et al., 2021), which has one more token of its own and may have its head. */
export const vit: Family = { fields, build };

function build(config: Config, w: Weights): Architecture {
  const base = w.base(config.model_type as string);
  const act = activation(config, "hidden_act");
  const cls = ["[CLS]", "embeddings.cls_token"] as const;
  const dist = ["[DIST]", "embeddings.distillation_token"] as const;
  // With a teacher, the mean of what the model says itself and what the teacher would (Touvron et al., section 4).
  const wrote = architectureName(config);
  const deit = config.model_type === "deit";
  const taught = wrote ? /WithTeacher$/.test(wrote) : deit && w.shape(`${TEACHER}.weight`) !== undefined;
  const first = base.name("encoder.layer.0.intermediate.dense.weight");
  const inner = w.shape(first)?.[0] ?? 0;
  agree(config, "intermediate_size", inner, first);
  return vision(config, base, {
    specials: deit || taught ? [cls, dist] : [cls],
    norms: ["layernorm_before", "layernorm_after"],
    neurons: (layer, x) => act(dense(x, layer.at("intermediate.dense"), inner)),
    out: "output.dense",
    processor: config.model_type === "deit" ? "DeiTImageProcessor" : "ViTImageProcessor",
    ...(taught ? withTeacher(config, w, width(base)) : alone(config, w, base)),
  });
}

const first = (x: Tensor): Tensor => selectRow(x, 0);

const classifier = (config: Config, w: Weights, d: number, out: string) =>
  top(config, w, { "image-classification": { task: imageClassification, out }, embedding: "none" }, d, 1);

/** A classifier; or an image's vector: what the pooler makes of the first token, as `pooler_output`, or without one that token. */
function alone(config: Config, w: Weights, base: Weights) {
  const d = width(base);
  const wrote = architectureName(config) ?? (w.shape("classifier.weight") ? "ForImageClassification" : "Model");
  const head = classifier({ ...config, architectures: [wrote] }, w, d, "classifier");
  if (!head.task.embeds) return { head, read: first };
  const [size] = base.shape("pooler.dense.weight") ?? [];
  if (size) {
    const asked = field(config, "pooler_output_size") ?? d;
    agree({ pooler_output_size: asked }, "pooler_output_size", size, base.name("pooler.dense.weight"));
  }
  const act = activation(config, "pooler_act");
  const logits = (x: Tensor) => (size ? act(dense(x, base.at("pooler.dense"), size)) : x);
  const labels = Array.from({ length: size ?? d }, (_, i) => String(i));
  return { head: { ...head, labels, reads: "first" as const, logits }, read: first };
}

function withTeacher(config: Config, w: Weights, d: number) {
  const own = classifier(config, w, d, "cls_classifier");
  const teacher = classifier(config, w, d, TEACHER);
  const mean = (a: Tensor, b: Tensor) => context(w.constant(1, [1, 1, 1, 1]), add(a, b), { scale: 1 / 2 });
  const logits = (x: Tensor) => mean(own.logits(first(x)), teacher.logits(selectRow(x, 1)));
  return { head: { ...own, logits }, read: (x: Tensor) => x, rows: true };
}
