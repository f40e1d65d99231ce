import { context } from "../ops/attention.ts";
import { add } from "../ops/elementwise.ts";
import { pick } from "../ops/select.ts";
import { input, type Tensor } from "../tensor.ts";
import { activation, agree, integer, named, positive } from "./config.ts";
import { above } from "./encoder.ts";
import type { Architecture, Family } from "./family.ts";
import { top } from "./heads.ts";
import { active, attention, dense, norm } from "./layers.ts";
import { mismatch, sides } from "./numbers.ts";
import type { Weights } from "./weights.ts";

const TEACHER = "distillation_classifier";

/** ViT (Dosovitskiy et al., 2021), and DeiT (Touvron et al., 2021), which has one more token of its own and may have its head. */
export const vit: Family = {
  fields: {
    read: {
      hidden_act: "gelu",
      hidden_size: 768,
      image_size: 224,
      intermediate_size: 3072,
      layer_norm_eps: 1e-12,
      num_attention_heads: 12,
      num_channels: 3,
      num_hidden_layers: 12,
      patch_size: 16,
    },
    // qkv_bias: the tensors say; the pooler and encoder_stride are for heads that are not supported.
    idle: "attention_probs_dropout_prob encoder_stride hidden_dropout_prob pooler_act pooler_output_size qkv_bias".split(
      " ",
    ),
    only: {},
  },
  build(config, w) {
    const base = w.base(config.model_type as string);
    const eps = positive(config, "layer_norm_eps");
    const heads = integer(config, "num_attention_heads", 65536);
    const blocks = integer(config, "num_hidden_layers", 512);
    const act = activation(config, "hidden_act");
    const [size, patch] = [sides(config, "image_size"), sides(config, "patch_size")];
    const channels = integer(config, "num_channels", 4);
    const projection = base.at("embeddings.patch_embeddings.projection");
    const [width = 0] = projection.shape("weight") ?? [];
    agree(config, "hidden_size", width, projection.name("weight"));
    const [rows, cols] = size.map((side, i) => Math.floor(side / patch[i]));
    const own = { words: "embeddings.cls_token", types: "embeddings.distillation_token" };
    // With a teacher, the mean of what the model says itself and what the teacher would (Touvron et al., section 4).
    const taught = /WithTeacher$/.test(named(config) ?? "") || w.shape(`${TEACHER}.weight`) !== undefined;
    const distilled = taught || base.shape(own.types) !== undefined;
    const types = distilled ? base.demand(own.types, [1, 1, width]) : undefined;
    const specials = distilled ? ["[CLS]", "[DIST]"] : ["[CLS]"];
    const t = specials.length + rows * cols;
    const positions = base.demand("embeddings.position_embeddings", [1, t, width]);
    if (size.some((side, i) => side % patch[i])) throw mismatch("image_size", size, "patch_size", patch);

    const linear = (layer: Weights, name: string, out: number) => (x: Tensor) => dense(x, layer.at(name), out);
    const block = (i: number, read: Tensor, x: Tensor, embedded: Parameters<Architecture["network"]>[0]) => {
      const layer = base.at(`encoder.layer.${i}`);
      const to = (name: string) => linear(layer, name, width);
      const [q, k, v] = ["query", "key", "value"].map((name) => to(`attention.attention.${name}`));
      const h = norm(x, layer.at("layernorm_before"), eps);
      const from = read === x ? h : norm(read, layer.at("layernorm_before"), eps);
      const project = { q, k, v, o: to("attention.output.dense") };
      const attended = add(read, attention(from, h, embedded, { heads, project }));
      const inner = layer.shape("intermediate.dense.weight")?.[0] ?? 0;
      const up = linear(layer, "intermediate.dense", inner);
      const neurons = active(act(up(norm(attended, layer.at("layernorm_after"), eps))), embedded);
      const feedforward = add(attended, to("output.dense")(neurons));
      embedded.note?.({ skipped: read, attention: attended, passed: attended, neurons, feedforward });
      if (i === 0) embedded.note?.({ pixels: embedded.words });
      return feedforward;
    };

    const head = (out: string) => top(config, w, { "image-classification": { out } }, width, eps);
    const { logits, ...task } = head(taught ? "cls_classifier" : "classifier");
    const teacher = taught ? head(TEACHER).logits : undefined;
    const mean = (a: Tensor, b: Tensor) => context(w.constant(1, [1, 1, 1, 1]), add(a, b), 1 / 2);
    return {
      ...task,
      image: { size, patch, channels, specials },
      tables: {
        words: base.demand(own.words, [1, 1, width]),
        positions,
        types,
      },
      kinds: 1,
      vocabulary: 0,
      width: channels * patch[0] * patch[1],
      positions: t,
      data(n, tables) {
        const stems = new Float32Array(n * width);
        const patches = new Float32Array(n * n);
        const extra = new Float32Array(width);
        for (let j = 0; j < n; j++) {
          tables.positions!(j, stems, j * width);
          if (j >= specials.length) patches[j * n + j] = 1;
          else {
            [tables.words, tables.types][j]!(0, extra, 0);
            for (let k = 0; k < width; k++) stems[j * width + k] += extra[k];
          }
        }
        return { stems, patches };
      },
      network(embedded) {
        const { words } = embedded;
        const n = words.shape[1];
        // The model's own tokens are no patches: what the dense layer makes of their zeros is left out.
        const patches = context(input("patches", [1, 1, n, n]), dense(words, projection, width));
        const below = add(patches, input("stems", [n, width]));
        const leave = (x: Tensor) => norm(x, base.at("layernorm"), eps);
        const both = (x: Tensor) => mean(logits(pick(x, 0)), teacher!(pick(x, 1)));
        return above({ blocks, block, leave, placed: taught }, embedded, below, {
          readings: [
            ["embeddings", below],
            ["pixels", words],
          ],
          read: taught ? (x) => x : (x) => pick(x, 0),
          logits: taught ? both : logits,
        });
      },
    };
  },
};
