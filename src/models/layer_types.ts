// Which blocks attend to all tokens that came before, and which to the last ones of these alone.

import { type Config, field, integer, invalid } from "./config.ts";

const types = ["full_attention", "sliding_attention"] as const;
export type LayerType = (typeof types)[number];

/** `layer_types`, or what stands for it in a config without. */
export function layerTypes(
  config: Config,
  usual: (i: number) => LayerType,
  listed: unknown = field(config, "layer_types"),
): LayerType[] {
  const blocks = integer(config, "num_hidden_layers", 512);
  const found = listed ?? Array.from({ length: blocks }, (_, i) => usual(i));
  if (Array.isArray(found) && found.length === blocks && found.every((type) => types.includes(type))) return found;
  throw invalid("layer_types", found, `${types.join(" or ")} for each of ${blocks} blocks`);
}

/** How many tokens, itself among them, a token sees in each block; undefined for all. */
export const windows = (config: Config, listed: readonly LayerType[]): ((i: number) => number | undefined) => {
  const sliding = listed.includes("sliding_attention") ? integer(config, "sliding_window", 2 ** 30) : undefined;
  return (i) => (listed[i] === "sliding_attention" ? sliding : undefined);
};

/** `sliding_window` in every block, if there is one. */
export const sameWindow = (config: Config): (() => number | undefined) => {
  const window = field(config, "sliding_window") === undefined ? undefined : integer(config, "sliding_window", 2 ** 30);
  return () => window;
};

/** Qwen's: of the blocks from `max_window_layers` on, if there are any that slide. */
export const qwenWindows = (config: Config) => {
  const slides = Boolean(field(config, "use_sliding_window")) && field(config, "sliding_window") !== undefined;
  const first = Number(field(config, "max_window_layers"));
  const listed = layerTypes(config, (i) => (slides && i >= first ? "sliding_attention" : "full_attention"));
  return windows(slides ? config : { ...config, sliding_window: undefined }, listed);
};
