// Our own quantisation, as compressed-tensors has it: whole numbers with a scale in F16 for each 32 of a row. Which matrices are
// quantised, to how many bits, and what config.json says of it.

import { RelpropError } from "../../errors.ts";
import type { Stored } from "../tensors.ts";
import { own, unsupported } from "./settings.ts";

export const GROUP = 32;
export type Width = "int8" | "int4";
export type Bits = 8 | 4;

type Config = Readonly<Record<string, unknown>>;

/** A tensor of the quantised checkpoint: of so many bits, or as it is. */
export interface Target {
  name: string;
  stored: Stored;
  bits?: Bits;
}

const FLOATS = ["F32", "F16", "BF16"];
const LEAST = 4096; // numbers; a smaller matrix saves nothing
/** Tables of words, which transformers looks rows up in. */
const WORDS = /(^|\.)(embed_tokens|embed_in|wte|word_embeddings|tok_embeddings)\.weight$/;
/** Other tables, and routers, which decide: they stay as they are. */
const FLOAT = /(embed(?!_out\.)|position|wpe|token_type|relative)[^.]*\.weight$|\.(gate|router)\.weight$/;
const READS_WORDS = /(Model|For(SequenceClassification|TokenClassification|QuestionAnswering))$/;
const CONTINUES = /(ForCausalLM|LMHeadModel)$/;

/**
 * What a checkpoint becomes; `shared` is what its class takes tie_word_embeddings for where config.json has none. Throws
 * `ConfigUnsupported` of one that is quantised already.
 */
export function quantising(
  stored: ReadonlyMap<string, Stored>,
  config: Config,
  to: Width,
  shared: boolean,
): { targets: Target[]; config: Config } {
  const field = ["quantization", "quantization_config"].find((name) => Object.keys(own(config, name) ?? {}).length);
  if (field) throw unsupported(field, config[field], "a checkpoint that is quantised already is not quantised again");
  const [name] = [own(config, "architectures") ?? []].flat();
  const kind = typeof name === "string" ? name : "";
  const tied = (own(config, "tie_word_embeddings") ?? shared) !== false;
  const words = [...stored.keys()].find((name) => WORDS.test(name));
  const head = CONTINUES.test(kind) && tied && words !== undefined ? headOf(stored, config, words) : undefined;
  const sharing = tied && !head && !(READS_WORDS.test(kind) && !CONTINUES.test(kind));

  const bits = (name: string, one: Stored): Bits | undefined => {
    if (!fits(one) || FLOAT.test(name.replace(WORDS, ""))) return undefined;
    if (WORDS.test(name)) return sharing ? undefined : 8;
    return to === "int4" ? 4 : 8;
  };
  const targets = [...stored].flatMap(([name, one]): Target[] =>
    head && name === HEAD ? [] : [{ name, stored: one, bits: bits(name, one) }],
  );
  if (head) targets.push({ name: HEAD, stored: head, bits: bits(HEAD, head) });
  const settings = { ...config, ...(head && { tie_word_embeddings: false }) };
  return { targets, config: { ...settings, quantization_config: described(targets) } };
}

const HEAD = "lm_head.weight";

/** The matrix of the logits of a model that shares one with its words: the two are quantised apart. */
function headOf(stored: ReadonlyMap<string, Stored>, config: Config, words: string): Stored {
  const own = stored.get(HEAD);
  const old = Number.parseInt(String(config.transformers_version), 10) < 5;
  return own && !old ? own : stored.get(words)!;
}

function fits({ info: { dtype, shape, name } }: Stored): boolean {
  const [rows, width] = shape;
  if (shape.length !== 2 || !FLOATS.includes(dtype) || !name.endsWith(".weight")) return false;
  return rows * width >= LEAST && width % GROUP === 0;
}

/** The quantization_config. */
function described(targets: readonly Target[]): object {
  const group = (bits: Bits, classes: string[]) => ({
    targets: classes,
    weights: { num_bits: bits, type: "int", symmetric: true, strategy: "group", group_size: GROUP, dynamic: false },
    input_activations: null,
    output_activations: null,
    format: bits === 4 ? "pack-quantized" : "int-quantized",
  });
  const some = (bits: Bits, words: boolean) =>
    targets.some((one) => one.bits === bits && WORDS.test(one.name) === words);
  const dense: Bits = some(4, false) ? 4 : 8;
  const classes = [...(some(dense, false) ? ["Linear"] : []), ...(dense === 8 && some(8, true) ? ["Embedding"] : [])];
  if (!classes.length && !some(8, true)) {
    throw new RelpropError("ConfigUnsupported", `the checkpoint has no matrix of ${LEAST} numbers in rows of ${GROUP}`);
  }
  const groups = [
    ...(classes.length ? [group(dense, classes)] : []),
    ...(dense === 4 && some(8, true) ? [group(8, ["Embedding"])] : []),
  ];
  const ignored = targets.filter(
    ({ stored, bits, name }) => !bits && stored.info.shape.length === 2 && name.endsWith(".weight"),
  );
  return {
    quant_method: "compressed-tensors",
    quantization_status: "compressed",
    format: groups.length > 1 ? "mixed-precision" : groups[0].format,
    config_groups: Object.fromEntries(groups.map((one, i) => [`group_${i}`, one])),
    ignore: ignored.map(({ name }) => name.slice(0, -".weight".length)),
  };
}
