// From config.json to the architecture that it describes.

import type { Weights } from "../checkpoint/weights.ts";
import { bert } from "./bert.ts";
import { type Config, field } from "./config.ts";
import type { Architecture, Family } from "./family.ts";
import { settings } from "./fields.ts";

/** The family that config.json's `model_type` names. */
export async function familyOf(config: Config): Promise<Family> {
  const type = field(config, "model_type");
  if (type !== "bert") return (await import("./families.ts")).family(type);
  const plain = field(config, "position_embedding_type") ?? "absolute";
  if (plain === "absolute" && field(config, "pruned_heads") === undefined) return bert;
  return (await import("./older_bert.ts")).olderBert;
}

/** The architecture of a checkpoint; `wrapped` if sentence-transformers' files are around it. */
export async function architecture(config: Config, weights: Weights, wrapped = false): Promise<Architecture> {
  const family = await familyOf(config);
  return family.build(settings(config, family.fields, wrapped), weights);
}
