// The law of config.json: a field of a family's configuration class in transformers is honoured, or changes nothing here,
// or is refused by name unless it has the class's default. Fields that no class has are ignored, as transformers does.
// test/reference/config_fields.py compares the lists with the classes of both major versions.

import { type Config, invalid, major, unsupported } from "./config.ts";

/** The fields of a configuration class, by what they are to us. */
export interface Fields {
  /** Fields that the family reads; the values are the class's defaults, for files that leave them out. */
  read: Config;
  /** Fields that change nothing that is computed here: dropout, initialisation, caches, ids that nothing reads. */
  idle: readonly string[];
  /** Fields that change what is computed, supported at this value only. */
  only: Config;
  /** Of all these, what transformers 5 has dropped: it ignores them, so they count only in files that it did not write. */
  dropped?: readonly string[];
  /** Names that the class also takes (its attribute_map), and the field that each sets. */
  aliases?: Readonly<Record<string, string>>;
  /** There is no class in transformers: other fields are refused, because they may be misspelt. */
  closed?: boolean;
}

/** What all configuration classes of transformers share. Generation's settings are in generation_config.json today. */
export const common = {
  read: {
    architectures: null,
    id2label: null,
    is_causal: true,
    model_type: null,
    num_labels: 2,
    problem_type: null,
    tie_word_embeddings: true,
    transformers_version: null,
  },
  // dtype and torch_dtype: weights are computed with in f32, whatever they are stored in. quantization and quantization_config:
  // checkpoint/quantised has decoded the weights by them.
  idle: (
    "_attn_implementation _commit_hash _name_or_path _num_labels _output_attentions add_cross_attention attn_implementation " +
    "bad_words_ids begin_suppress_tokens " +
    "bos_token_id chunk_size_feed_forward cls_token_id cross_attention_hidden_size decoder_start_token_id diversity_penalty do_sample " +
    "dtype early_stopping encoder_no_repeat_ngram_size eos_token_id exponential_decay_length_penalty finetuning_task " +
    "forced_bos_token_id forced_eos_token_id gradient_checkpointing initializer_range is_decoder label2id length_penalty mask_token_id " +
    "max_length min_length name_or_path no_repeat_ngram_size num_beam_groups num_beams num_return_sequences output_attentions " +
    "output_hidden_states output_past output_scores pad_token_id prefix quantization quantization_config remove_invalid_values repetition_penalty return_dict " +
    "return_dict_in_generate sep_token_id suppress_tokens task_specific_params temperature tf_legacy_loss tie_encoder_decoder " +
    "tie_last_hidden_states tokenizer_class top_k top_p torch_dtype torchscript typical_p use_bfloat16 use_cache"
  ).split(" "),
  only: {
    is_encoder_decoder: false,
    per_layer_config: null,
    pruned_heads: {},
    transformers_weights: null,
  },
  dropped: ["pruned_heads"],
} satisfies Fields;

/** Python's idea of false, by which transformers asks most flags. */
const empty = (value: unknown): boolean =>
  typeof value === "object" && value !== null ? !Object.keys(value).length : !value;

const same = (a: unknown, b: unknown): boolean => a === b || (empty(a) && empty(b));

/**
 * A config as the family's class reads it: other names resolved, defaults in place of what is absent. `wrapped` says whether
 * sentence-transformers' files are around the model.
 */
export function settings(
  given: Config,
  { read, idle, only, dropped = [], aliases = {}, closed }: Fields,
  wrapped: boolean,
): Config {
  const config: Record<string, unknown> = { ...common.read, ...(closed && { num_labels: null }), ...read };
  const fixed: Config = { ...common.only, ...only };
  const known = new Set([
    ...Object.keys(config),
    ...common.idle,
    ...idle,
    ...Object.keys(fixed),
    ...Object.keys(aliases),
  ]);
  const late = major(given) >= 5 ? [...common.dropped, ...dropped] : [];
  for (const name of Object.keys(given).filter((name) => !late.includes(name))) {
    const value = given[name];
    if (Object.hasOwn(fixed, name) && !Object.hasOwn(read, name) && !same(value, fixed[name])) {
      throw unsupported(name, value, `supported is ${JSON.stringify(fixed[name])}`);
    }
    if (closed && !known.has(name)) {
      throw unsupported(
        name,
        value,
        `this model type has no such field, its fields are ${Object.keys(read).join(", ")}`,
      );
    }
    if (known.has(name)) config[name] = value;
  }
  // A class sets its attributes first and other names after.
  for (const [name, of] of Object.entries(aliases)) if (Object.hasOwn(given, name)) config[of] = given[name];
  for (const name of ["model_type", "transformers_version"]) {
    if (config[name] !== null && typeof config[name] !== "string") throw invalid(name, config[name], "a string");
  }
  return { ...config, wrapped };
}
