// What docs/reference/models.md says of model families: the tasks of a family are the heads that it builds, asked of a checkpoint of each.

import { RelpropError } from "../../src/errors.ts";
import { modelTypes } from "../../src/models/families.ts";
import { load } from "../../src/runtime/load.ts";
import { type Checkpoint, checkpoints } from "../../test/fuzz/shared/checkpoints.ts";

/** What else there is to say of a `model_type`. */
const notes: Readonly<Record<string, string>> = {
  "deberta-v2": "v2 and v3",
  gemma3: "its text tower: `gemma3_text` inside",
  nope_gpt: "gpt2 without positions",
  skip_layer_gpt:
    'gpt2 with the last `num_skip_heads` heads attending to keys and values of the block `num_skip_layers` before, `skip_mode` `"reuse"` or `"reproject"`',
  point_mae: "ExpPoint-MAE's names and config fields, flattened, as in `src/models/point_mae.ts`",
  xai_transformer:
    "the classifier of Ali et al. as they published it: its state_dict as safetensors, and a config.json with its Config's fields",
  ...each("mixtral qwen2_moe qwen3_moe olmoe", "only the experts that a token chose are computed for it"),
  ...each("vit deit", "classifiers with a teacher's head too"),
  ...each(
    "looped_linear_transformer linear_regression_transformer one_layer_vit residual_scaled_encoder energy_transformer",
    "rows or texts: see [Models by switches](../research/switches.md)",
  ),
};

function each(types: string, note: string): Record<string, string> {
  return Object.fromEntries(types.split(" ").map((type) => [type, note]));
}

/** The `model_type`s of each list of tasks with a note: [types, tasks, note]. */
export async function models(): Promise<[types: string[], tasks: string[], note: string][]> {
  const found = new Map<string, [string[], string[], string]>();
  const all = new Map(checkpoints());
  for (const type of modelTypes()) {
    const tasks = type === "gemma3" ? ["causal-lm"] : await tasksOf(all.get(type) ?? []); // which is all that it takes
    if (!tasks.length) throw new Error(`no checkpoint of the tests says which tasks ${type} has`);
    const note = notes[type] ?? "";
    const row = found.get(`${tasks} ${note}`) ?? [[], [...tasks], note];
    row[0].push(type);
    found.set(`${tasks} ${note}`, row);
  }
  return [...found.values()];
}

/** The tasks that the error names for a class that there is not; or of what loads all the same, its task. */
async function tasksOf(all: readonly Checkpoint[]): Promise<readonly string[]> {
  const loaded = new Set<string>();
  for (const { files } of all) {
    const content = files["config.json"];
    if (typeof content !== "string") continue;
    const config = JSON.stringify({ ...JSON.parse(content), architectures: ["AForNoSuchTask"] });
    try {
      const model = await load({ ...files, "config.json": config }, { backend: "wasm" });
      if (!("modules.json" in files)) loaded.add(model.task);
      await model.dispose();
    } catch (error) {
      if (!(error instanceof RelpropError)) throw error;
      const [, known] = /of this model type there are (.+)$/.exec(error.message) ?? [];
      if (known) return known.split(", ");
    }
  }
  return [...loaded];
}
