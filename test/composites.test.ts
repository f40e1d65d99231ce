// The type of composites has the ops of all families that have rules beside their derivative, and these rules.

import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Source } from "../src/checkpoint/sources.ts";
import { network } from "../src/engine/network.ts";
import { history, type Tensor } from "../src/graph/tensor.ts";
import type { Composite, RuledOp } from "../src/propagation/composites.ts";
import { read } from "../src/runtime/load.ts";
import { decoders, files } from "./decoders.ts";

type RuleOf<Op extends RuledOp> = Exclude<NonNullable<Composite[Op]>, "gradient" | readonly unknown[]>;

/** Each rule of the type, once. */
const RULES = {
  context: { uniform: true, values: true },
  mixture: { uniform: true, values: true },
  scores: { uniform: true },
  norm: { identity: true },
  activation: { identity: true },
  gate: { uniform: true, values: true },
  rotary: { uniform: true },
  linear: { epsilon: true, gamma: true, "alpha-beta": true, "z-plus": true },
} satisfies { [Op in RuledOp]: Record<RuleOf<Op>, true> };

const root = new URL("reference/families/", import.meta.url);
const test = suite("the type of composites");

test("has every rule of every family's ops, and no other", async () => {
  // One checkpoint of each family.
  const sources = new Map<unknown, Source>();
  for (const entry of readdirSync(root)) {
    const folder = new URL(`${entry}/`, root);
    sources.set(JSON.parse(readFileSync(new URL("config.json", folder), "utf8")).model_type, folder);
  }
  for (const one of decoders) sources.set(one.config.model_type, files(one));
  assert.ok(sources.size > 25, `${sources.size} families`);
  const found = new Map<string, Set<string>>();
  const note = (y: Tensor) => {
    for (const { name, rules } of y.op.parts ?? [y.op]) {
      const own = Object.keys(rules ?? {}).filter((rule) => rule !== "gradient");
      if (own.length) found.set(name, new Set([...(found.get(name) ?? []), ...own]));
    }
  };
  for (const source of sources.values()) {
    const { architecture, backend } = await read(source, { backend: "wasm" });
    for (const y of history([network(architecture, 1, 6).logits])) note(y);
    backend.dispose();
  }
  const rules = Object.fromEntries([...found].map(([op, names]) => [op, [...names].sort()]));
  const typed = Object.fromEntries(Object.entries(RULES).map(([op, names]) => [op, Object.keys(names).sort()]));
  assert.equal(Object.entries(rules).sort(), Object.entries(typed).sort());
});

test.run();
