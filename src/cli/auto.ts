// explain --method auto: the method that is most faithful on a sample, remembered by model in the user's cache folder.

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { quote, RelpropError } from "../errors.ts";
import { chooseMethod } from "../evaluate/choose_method.ts";
import { formatOf, readExamples } from "../evaluate/examples.ts";
import { identity } from "../evaluate/identity.ts";
import { fingerprint } from "../evaluate/journal.ts";
import type { ReadingPoint } from "../models/family.ts";
import { type PropagationMethod, propagates } from "../propagation/composites.ts";
import { visible } from "../render/text.ts";
import type { Model } from "../runtime/model.ts";
import { content } from "./data.ts";
import { cacheFolder } from "./folder_cache.ts";
import { save } from "./save.ts";

/** The method for explanations read at a point; says why on standard error. */
export async function auto(model: Model, sample: string | undefined, at: ReadingPoint): Promise<PropagationMethod> {
  const folder = cacheFolder();
  const path = join(folder, `method-${fingerprint([await identity(model), at])}.json`);
  const { method, why } = sample === undefined ? await kept(path, model) : await chosen(model, sample, at);
  process.stderr.write(`${visible(why)}\n`);
  if (sample === undefined) return method;
  try {
    await mkdir(folder, { recursive: true });
    await save(path, JSON.stringify({ method, why }));
  } catch (error) {
    process.stderr.write(`the chosen method cannot be saved: ${visible((error as Error).message)}\n`);
  }
  return method;
}

async function chosen(model: Model, sample: string, at: ReadingPoint) {
  const examples = readExamples(await content(sample), formatOf(sample));
  return chooseMethod(model, examples, { at, truncate: true });
}

async function kept(path: string, model: Model): Promise<{ method: PropagationMethod; why: string }> {
  const text = await readFile(path, "utf8").catch(() => "{}");
  try {
    const { method, why } = JSON.parse(text);
    if (propagates(method) && typeof why === "string") return { method, why };
  } catch {}
  const message = `no method was chosen for ${quote(model.name)} yet: pass \`--sample FILE\` once`;
  throw new RelpropError("InvalidOption", message);
}
