// The sentence above the text: what is explained, against what, by which method, read where.

import { methods, type PropagationMethod } from "../../src/propagation/composites.ts";
import { visible } from "../../src/render/text.ts";
import { byId, el } from "./dom.ts";
import { readingPoints, type Settings } from "./settings.ts";

type Choice<Value extends string = string> = [value: Value, text: string];

const none = "";

/** Fills the choices and calls back with what changed. */
export function question(settings: Settings, labels: readonly string[], changed: (part: Partial<Settings>) => void) {
  const named = [...methods.keys()].map((name): Choice<PropagationMethod> => [name, name]);
  const classes = labels.map((label, i): Choice => [String(i), visible(label)]);
  const index = (value: string) => (value === none ? undefined : Number(value));
  const { target, contrast, method, other, at } = settings;

  fill("target", [[none, "the top class"], ...classes], target, (value) => changed({ target: index(value) }));
  fill("contrast", [[none, "nothing"], ...classes], contrast, (value) => changed({ contrast: index(value) }));
  fill("method", named, method, (value) => changed({ method: value }));
  fill("other", [[none, "no other method"], ...named], other, (value) => changed({ other: value || undefined }));
  const points = readingPoints.map((point): Choice => [point, point]);
  fill("at", points, at, (value) => changed({ at: value as Settings["at"] }));
}

function fill<Value extends string>(
  id: string,
  choices: Choice<Value>[],
  chosen: string | number | undefined,
  changed: (value: Value) => void,
) {
  const select = byId<HTMLSelectElement>(id);
  select.replaceChildren(...choices.map(([value, text]) => el("option", { value }, text)));
  select.value = String(chosen ?? none);
  select.onchange = () => changed(select.value as Value);
}
