import { architectureName, field, unsupported } from "./config.ts";
import type { Family } from "./family.ts";
import { settings } from "./fields.ts";
import { gemma3Text } from "./gemma.ts";
import { object } from "./rope.ts";

/**
 * Gemma 3 that reads images too (Gemma Team, 2025): its text tower alone, which has a config of its own. Texts are read as the
 * whole model reads them without an image.
 */
export const gemma3: Family = {
  fields: {
    read: { eos_token_id: null, text_config: null },
    idle: ["boi_token_index", "eoi_token_index", "image_token_index", "mm_tokens_per_image", "vision_config"],
    only: {},
    aliases: { boi_token_id: "boi_token_index", eoi_token_id: "eoi_token_index", image_token_id: "image_token_index" },
  },
  own: "model",
  rename: (name) =>
    name.replace(/^(language_model\.model|model\.language_model)\./, "model.").replace(/^language_model\./, ""),
  build(config, w) {
    const name = architectureName(config);
    if (name !== undefined && name !== "Gemma3ForConditionalGeneration") {
      throw unsupported("architectures", name, "supported is Gemma3ForConditionalGeneration");
    }
    const nested = object(config, "text_config");
    const tied = field(config, "tie_word_embeddings");
    const own = field(nested, "tie_word_embeddings");
    if (own !== undefined && own !== tied) {
      throw unsupported("text_config.tie_word_embeddings", own, `it must be what tie_word_embeddings is, ${tied}`);
    }
    const text = {
      ...nested,
      architectures: ["Gemma3ForCausalLM"],
      eos_token_id: field(config, "eos_token_id") ?? field(nested, "eos_token_id") ?? 1,
      model_type: "gemma3_text",
      tie_word_embeddings: tied,
      transformers_version: config.transformers_version,
    };
    return gemma3Text.build(settings(text, gemma3Text.fields, Boolean(config.wrapped)), w);
  },
};
