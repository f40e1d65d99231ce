// Random models of point clouds, and clouds for them.

import { random } from "./support.ts";
import { files, type Matrix, normal } from "./systems.ts";

/** Width, groups, and points of each. */
export const [d, G, K] = [12, 6, 4];

interface Parts {
  config?: object;
  change?: (tensors: Record<string, Matrix | number[] | Matrix[]>) => void;
  rebuilds?: boolean;
}

/** A random model, with batch norms that have seen something. */
export function model({ config = {}, change = () => {}, rebuilds = false }: Parts = {}) {
  const vector = (n: number, seed: number) => normal(1, n, seed, 0.3)[0];
  const tensors: Record<string, Matrix | number[] | Matrix[]> = {};
  let seed = 1;
  const dense = (name: string, from: number, to: number, bias = true) => {
    tensors[`${name}.weight`] = normal(to, from, seed++, 1 / Math.sqrt(from));
    if (bias) tensors[`${name}.bias`] = vector(to, seed++);
  };
  const conv = (name: string, from: number, to: number, bias = true) => {
    dense(name, from, to, bias);
    tensors[`${name}.weight`] = (tensors[`${name}.weight`] as Matrix).map((row) => row.map((v) => [v])); // [out, in, 1]
  };
  const batch = (name: string, n: number) => {
    tensors[`${name}.weight`] = vector(n, seed++).map((v) => 1 + v);
    tensors[`${name}.bias`] = vector(n, seed++);
    tensors[`${name}.running_mean`] = vector(n, seed++);
    tensors[`${name}.running_var`] = vector(n, seed++).map((v) => 0.5 + v * v);
  };
  const layer = (name: string) => {
    tensors[`${name}.weight`] = vector(d, seed++).map((v) => 1 + v);
    tensors[`${name}.bias`] = vector(d, seed++);
  };
  const block = (name: string) => {
    layer(`${name}.norm1`);
    layer(`${name}.norm2`);
    dense(`${name}.attn.qkv`, d, 3 * d, false);
    dense(`${name}.attn.proj`, d, d);
    dense(`${name}.mlp.fc1`, d, 2 * d);
    dense(`${name}.mlp.fc2`, 2 * d, d);
  };
  const e = "MAE_encoder.point_encoder";
  conv(`${e}.first_conv.0`, 3, 8, false);
  batch(`${e}.first_conv.1`, 8);
  conv(`${e}.first_conv.3`, 8, 10);
  conv(`${e}.second_conv.0`, 20, 14, false);
  batch(`${e}.second_conv.1`, 14);
  conv(`${e}.second_conv.3`, 14, d);
  dense("MAE_encoder.pos_embedding.0", 3, 7);
  dense("MAE_encoder.pos_embedding.2", 7, d);
  for (let i = 0; i < 3; i++) block(`MAE_encoder.blocks.blocks.${i}`);
  layer("MAE_encoder.blocks.norm");
  if (rebuilds) {
    tensors.mask_token = [normal(1, d, 900)];
    dense("decoder_pos_embedding.0", 3, 7);
    dense("decoder_pos_embedding.2", 7, d);
    for (let i = 0; i < 2; i++) block(`MAE_decoder.blocks.${i}`);
    layer("MAE_decoder.norm");
    conv("increase_dim.0", d, 3 * K);
  } else {
    tensors["MAE_encoder.cls_token"] = [normal(1, d, 901)];
    dense("cls_head.0", 2 * d, 9, false);
    batch("cls_head.1", 9);
    dense("cls_head.3", 9, 8, false);
    batch("cls_head.4", 8);
    dense("cls_head.6", 8, 3);
  }
  change(tensors);
  const settings = {
    model_type: "point_mae",
    architectures: [rebuilds ? "PointMAEForPointCloudReconstruction" : "PointMAEForPointCloudClassification"],
    hidden_size: d,
    num_hidden_layers: 3,
    num_attention_heads: 3,
    num_group: G,
    group_size: K,
    pooling: ["cls", "max"],
    ...(rebuilds && { decoder_num_hidden_layers: 2, decoder_num_attention_heads: 3 }),
    ...config,
  };
  return { settings, tensors, files: files(settings, tensors) };
}

export const cloud = (n: number, seed: number): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from(random(3, seed * 1000 + i)));
