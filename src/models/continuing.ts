// What a model that continues texts needs of files other than its config: generation_config.json, and a chat template.

import type { Files } from "../checkpoint/files.ts";
import { readJson } from "../checkpoint/json.ts";
import { quote, RelpropError } from "../errors.ts";
import { type Chat, encodeConversation, isConversation } from "../inputs/chat/conversation.ts";
import { library, template } from "../inputs/chat/template.ts";
import type { Read } from "../inputs/tokenizers/read.ts";
import { type Config, field } from "./config.ts";
import type { Architecture } from "./family.ts";

const MOST = 2 ** 20; // bytes of a file

/** Fields that change which token is the next, at values that change nothing. What changes draws alone is the caller's to say. */
const ONLY: Config = {
  bad_words_ids: null,
  begin_suppress_tokens: null,
  constraints: null,
  dola_layers: null,
  encoder_no_repeat_ngram_size: 0,
  encoder_repetition_penalty: 1,
  exponential_decay_length_penalty: null,
  forced_bos_token_id: null,
  forced_decoder_ids: null,
  force_words_ids: null,
  forced_eos_token_id: null,
  guidance_scale: 1,
  min_length: 0,
  min_new_tokens: 0,
  no_repeat_ngram_size: 0,
  num_beam_groups: 1,
  num_beams: 1,
  penalty_alpha: 0,
  sequence_bias: null,
  suppress_tokens: null,
  token_healing: false,
  watermarking_config: null,
};

/** The architecture with what continues texts as transformers does, and for conversations. */
export async function continuing(
  design: Architecture,
  config: Config,
  files: Files,
  { tokenizer, named, chatTemplate }: Read,
  { jinja, signal }: { jinja?: () => unknown; signal?: AbortSignal },
): Promise<Architecture> {
  const given = await readJson(files, "generation_config.json", { code: "ConfigInvalid", most: MOST, signal });
  const file = given ? "generation_config.json" : "config.json";
  const source = given ?? config; // which transformers makes the other from
  const written = await text(files, "chat_template.jinja", signal);
  let rendering: ReturnType<Chat["render"]> | undefined;
  const chat: Chat = {
    named,
    render() {
      rendering ??= library(jinja).then((module) => template(module, chosen(written ?? chatTemplate)));
      rendering.catch(() => {
        rendering = undefined; // the library may be there the next time
      });
      return rendering;
    },
  };
  return {
    ...design,
    stops: given ? stops(given, file) : design.stops,
    generation: { ...defaults(source, file), refused: refused(source, file) },
    encode: (input) => (isConversation(input) ? encodeConversation(chat, tokenizer, input, design) : undefined),
  };
}

/** The template of a conversation: of several the one called default. */
function chosen(given: unknown): string {
  if (typeof given === "string") return given;
  const list: unknown[] = Array.isArray(given) ? given : [];
  const called = (name: string) => list.find((one) => (one as { name?: unknown } | null)?.name === name);
  const { template } = (called("default") ?? {}) as { template?: unknown };
  if (typeof template === "string") return template;
  const message =
    given == null
      ? "this model has no chat template, neither chat_template.jinja nor chat_template in tokenizer_config.json; pass a text"
      : "tokenizer_config.json's chat_template must be a text, or a list with a text named default; pass a text instead of messages";
  throw new RelpropError("ChatUnsupported", message, {});
}

/** A text file, if it is there. */
async function text(files: Files, name: string, signal?: AbortSignal): Promise<string | undefined> {
  const file = await files.open(name);
  if (!file) return undefined;
  if (file.size > MOST) {
    const message = `${name} has ${file.size} bytes, the most that is read is ${MOST}`;
    throw new RelpropError("LimitExceeded", message, { file: name, bytes: file.size, most: MOST });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.read(0, file.size, signal));
  } catch (cause) {
    if (cause instanceof RelpropError) throw cause;
    throw new RelpropError("TokenizerInvalid", `${name} is no text in UTF-8`, { file: name }, cause);
  }
}

const invalid = (file: string, name: string, value: unknown, must: string) =>
  new RelpropError("ConfigInvalid", `${file}'s ${name} is ${quote(value)}, it must be ${must}`, { file, field: name });

function stops(config: Config, file: string): number[] {
  const value = field(config, "eos_token_id");
  const ids = [value ?? []].flat() as unknown[];
  if (ids.every(Number.isInteger)) return ids as number[];
  throw invalid(file, "eos_token_id", value, "a token's id, or a list of such");
}

function defaults(config: Config, file: string): NonNullable<Architecture["generation"]> {
  const penalty = field(config, "repetition_penalty");
  if (penalty !== undefined && !(typeof penalty === "number" && penalty > 0)) {
    throw invalid(file, "repetition_penalty", penalty, "a number above 0");
  }
  const value = field(config, "stop_strings");
  const stop = [value ?? []].flat() as unknown[];
  if (!stop.every((one) => typeof one === "string" && one !== "")) {
    throw invalid(file, "stop_strings", value, "a text, or a list of such");
  }
  return { repetitionPenalty: penalty as number | undefined, stop: stop as string[] };
}

/** Why texts are not continued here as transformers does it. */
function refused(config: Config, file: string): RelpropError | undefined {
  for (const name of Object.keys(ONLY)) {
    const value = field(config, name);
    const empty = value === undefined || value === ONLY[name] || value === false || value === 0;
    if (empty || (Array.isArray(value) && !value.length)) continue;
    const message = `${file}'s ${name} is ${quote(value)}; generate() does not support it: remove the field or set it to its default`;
    return new RelpropError("ConfigUnsupported", message, { file, field: name });
  }
  return undefined;
}
