// Whether the lists of fields in src/models are those of transformers' configuration classes. config_fields.py runs this with
// a file of what the installed classes have.

import { bert } from "../../src/models/bert.ts";
import { family } from "../../src/models/families.ts";
import { common } from "../../src/models/fields.ts";

/** A class: its fields' defaults, further names of fields, and the fields that its modelling file reads. */
interface Class {
  fields: Record<string, unknown>;
  aliases: Record<string, string>;
  modelled: string[];
}

/** What all classes of a version share, and each class by model_type. */
export interface Version {
  common: Record<string, unknown>;
  classes: Record<string, Class>;
}

/** What a class computes of other fields, and so is no default or no field of its own, and is listed all the same. */
const computed = new Set([
  "bloom n_embed",
  "cohere rope_theta",
  "olmo3 rope_theta",
  "modernbert layer_types",
  "modernbert rope_parameters",
  "modernbert sliding_window",
  "qwen2 sliding_window",
  "qwen3 sliding_window",
  "gemma3 text_config",
  "gemma3_text sliding_window_pattern",
  "qwen2_moe sliding_window",
  "qwen3_moe sliding_window",
  "vit pooler_output_size",
  "deit pooler_output_size",
]);

/** The same of decoders; and a field that transformers' rotary positions ask any config for. */
const computedByAny = new Set([
  "head_dim",
  "layer_types",
  "no_rope_layers",
  "num_key_value_heads",
  "original_max_position_embeddings",
  "rope_parameters",
]);
const isComputed = (type: string, name: string) => computed.has(`${type} ${name}`) || computedByAny.has(name);

/** Another name of 4.57's ModernBERT that its constructor writes over: it counts for nothing there, and 5 has dropped it. */
const lost = new Set(["modernbert rope_theta"]);

/** Every difference, as a sentence; a default is that of the latest version that has the field. */
export async function differences(versions: Readonly<Record<string, Version>>): Promise<string[]> {
  const found: string[] = [];
  const order = Object.entries(versions).sort(([a], [b]) => Number.parseFloat(a) - Number.parseFloat(b));
  const shared = [...Object.keys(common.read), ...common.idle, ...Object.keys(common.only)];
  const types = new Set(order.flatMap(([, { classes }]) => Object.keys(classes)));
  for (const type of types) {
    const { fields } = type === "bert" ? bert : await family(type);
    const valued = { ...fields.read, ...fields.only };
    const listed = new Set([...Object.keys(valued), ...fields.idle]);
    const aliases = { ...fields.aliases };
    const defaults = new Map<string, unknown>();
    const seen = new Set<string>();
    for (const [version, { common: base, classes }] of order) {
      const own = classes[type];
      if (!own) continue;
      for (const [name, of] of Object.entries(own.aliases)) {
        seen.add(name);
        if (aliases[name] !== of && !lost.has(`${type} ${name}`))
          found.push(`${version}: ${type} takes ${name} for ${of}`);
      }
      for (const name of new Set([...Object.keys({ ...base, ...own.fields }), ...own.modelled])) {
        seen.add(name);
        const there = listed.has(name) || shared.includes(name) || Object.hasOwn(aliases, name);
        if (!there) found.push(`${version}: ${type} has a field ${name}`);
      }
      for (const [name, value] of Object.entries({ ...base, ...own.fields })) defaults.set(name, value);
    }
    for (const [name, value] of Object.entries(valued)) {
      const [ours, theirs] = [value, defaults.get(name)].map((v) => JSON.stringify(v));
      if (defaults.has(name) && ours !== theirs && !isComputed(type, name))
        found.push(`${type}'s ${name} is ${theirs} by default, not ${ours}`);
    }
    for (const name of [...listed, ...Object.keys(aliases)]) {
      if (!seen.has(name) && !isComputed(type, name)) found.push(`no version of ${type} has a field ${name}`);
    }
  }
  return found;
}

const [, script, file] = globalThis.process?.argv ?? [];
if (file && script?.endsWith("config-fields.ts")) {
  const { readFileSync } = await import("node:fs");
  const found = await differences(JSON.parse(readFileSync(file, "utf8")));
  for (const one of found) console.log(one);
  process.exitCode = found.length ? 1 : 0;
}
