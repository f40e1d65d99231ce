import { visible } from "../render/text.ts";
import type { Model } from "../runtime/model.ts";
import { taskOf } from "../tasks/tasks.ts";

/** What is in a model, as JSON or as lines for people. */
export function inspect(model: Model, json: boolean): string {
  const count = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
  const dtypes = new Map<string, number>();
  for (const { dtype, shape } of model.tensors) dtypes.set(dtype, (dtypes.get(dtype) ?? 0) + count(shape));
  const { embeds, pieces } = taskOf(model);
  const facts = {
    model: model.name,
    type: model.type,
    task: model.task,
    classes: embeds ? undefined : model.labels,
    dimensions: embeds ? model.labels.length : undefined,
    maxTokens: model.maxTokens,
    parameters: model.tensors.reduce((n, { shape }) => n + count(shape), 0),
    dtypes: Object.fromEntries(dtypes),
    tensors: model.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    unused: model.unused,
    backend: model.backend,
    ...(model.fallbackReason && { fallbackReason: model.fallbackReason }),
  };
  if (json) return `${JSON.stringify(facts, null, 2)}\n`;

  const rows: [string, string][] = [
    ["model", facts.model],
    ["type", facts.type],
    ["task", facts.task],
    ...(facts.classes ? [["classes", classes(facts.classes, pieces)] as [string, string]] : []),
    ...(facts.dimensions ? [["dimensions", String(facts.dimensions)] as [string, string]] : []),
    ["most tokens", String(facts.maxTokens)],
    ["parameters", `${facts.parameters.toLocaleString("en")} in ${facts.tensors.length} tensors`],
    ["stored as", [...dtypes].map(([dtype, n]) => `${dtype} ${n.toLocaleString("en")}`).join(", ")],
    ["backend", facts.backend + (facts.fallbackReason ? ` (${facts.fallbackReason})` : "")],
    ...(facts.unused.length ? [["not used", facts.unused.join(", ")] as [string, string]] : []),
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)} ${visible(value)}\n`).join("");
}

/** Classes with their numbers; of language models, how many pieces there are. */
function classes(labels: readonly string[], pieces?: boolean): string {
  if (pieces) return `${labels.length} pieces of the vocabulary`;
  return labels.map((label, i) => `${i} ${label}`).join(", ");
}
