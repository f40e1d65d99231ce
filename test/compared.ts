// Explanations against what transformers' own models give, case by case: test/reference/families.py and variants.py.
//
// Bounds: logits 1e-4; relevance max |ΔR| / Σ|R| 1e-5; residual 2e-6 of Σ|R| + Σ|other entries|, the ledger's size.

import * as assert from "uvu/assert";
import type { Explanation } from "../src/explain/explanation.ts";
import type { ExplainLists } from "../src/explain/options.ts";
import type { Input } from "../src/inputs/encoded.ts";
import { methods } from "../src/propagation/composites.ts";
import type { Model } from "../src/runtime/model.ts";

export interface Case {
  text?: string;
  /** Of an image, its pixels, as a list or in Base64, and its width and height unless it is square. */
  rgb?: number[] | string;
  size?: [number, number];
  /** What predict() makes of it. */
  embedding?: number[];
  pair?: string;
  other?: string;
  ids?: number[];
  token?: number;
  span?: [number, number];
  target?: number | string;
  contrast?: number;
  continuation?: string;
  of?: "cosine" | "dot";
  value?: number;
  logits: (number | { index: number; logit: number })[];
  methods: Record<string, Record<string, number[]>>;
}

export interface Family {
  name: string;
  cases: Case[];
}

const points = ["embeddings", "words"] as const;

const sum = (values: readonly number[]) => values.reduce((n, v) => n + Math.abs(v), 0);

export function input({ text = "", pair, rgb, size }: Case): Input {
  if (!rgb) return pair === undefined ? text : { text, pair };
  const data = typeof rgb === "string" ? Uint8Array.from(atob(rgb), (c) => c.charCodeAt(0)) : Uint8Array.from(rgb);
  const [width, height] = size ?? [Math.sqrt(data.length / 3), Math.sqrt(data.length / 3)];
  return { data, width, height };
}

/** Methods' names in the files, where these are rules of our own. */
const composites = new Map([["cp-lrp, values", { ...methods.get("cp-lrp"), gate: "values" }]]);

function asked({ rgb, size, token, target, contrast, of, other, continuation }: Case, method: string): ExplainLists {
  return {
    method: composites.get(method) ?? method,
    at: rgb ? ["embeddings"] : points,
    ...(token !== undefined && { token }),
    ...(target !== undefined && { target }),
    ...(contrast !== undefined && { contrast }),
    ...(continuation !== undefined && { continuation }),
    ...(of && {
      objective: { [of]: rgb ? input({ rgb: other, size } as Case) : other } as unknown as ExplainLists["objective"],
    }),
  } as ExplainLists;
}

const worst = { logits: 0, relevance: 0, residual: 0, together: 0 };

function raise(what: keyof typeof worst, value: number, bound: number, where: string): void {
  worst[what] = Math.max(worst[what], value);
  assert.ok(value <= bound, `${where}: ${what} off by ${value}, allowed ${bound}`);
}

function check(told: Explanation, one: Case, method: string, where: string): void {
  assert.equal(
    told.tokens.map(({ id }) => id),
    one.ids ?? told.tokens.map((_, j) => j),
    where,
  );
  const expected = one.methods[method][told.at];
  const mine = told.tokens.map(({ relevance }) => relevance);
  // Right below a norm its plain gradient leaves nothing but rounding, and the result must say so.
  const lost =
    method === "gradient-x-input" &&
    told.at === "words" &&
    /^(deberta-v2-[^b]|deberta-v2, wide|a bias of deberta-v2|modernbert|bloom)/.test(where);
  const warnings = told.warnings.filter((warning) => !/special token/.test(warning));
  const shallow = /^(vit, p|vit, a|vit, flags allow|deit, a p)/.test(where); // of one block, right above which is a norm
  if (!shallow) assert.is(warnings.length > 0, lost, `${where}: ${warnings}`);
  if (!lost)
    raise("relevance", Math.max(...mine.map((r, j) => Math.abs(r - expected[j]))) / sum(expected), 1e-5, where);
  const { logit, tokens, residual, ...others } = told.ledger;
  const size = sum(mine) + sum(Object.values(others));
  if (!lost) raise("residual", Math.abs(residual) / size, 2e-6, where);
  if (one.value !== undefined) {
    raise("logits", Math.abs(told.explained!.value - one.value), 1e-4, where);
    return;
  }
  if (one.span) {
    assert.equal(told.reads, one.span, where);
    const logits = [told.classes[0].logit, told.classes[3].logit];
    raise("logits", Math.max(...logits.map((v, i) => Math.abs(v - (one.logits[i] as number)))), 1e-4, where);
    return;
  }
  one.logits.forEach((entry, i) => {
    const { index, logit } = typeof entry === "number" ? { index: i, logit: entry } : entry;
    const own = told.classes.find((each) => each.index === index);
    raise("logits", Math.abs((own?.logit ?? Number.NaN) - logit), 1e-4, `${where}, class ${index}`);
  });
}

/** Each case alone, and all that ask the same together. */
export async function compare(model: Model, { name, cases }: Family): Promise<void> {
  for (const method of Object.keys(cases[0].methods)) {
    const alone: Explanation[][] = [];
    for (const one of cases) {
      const results = await model.explain(input(one), asked(one, method));
      for (const told of results) check(told, one, method, `${name}, ${method} at ${told.at}, ${one.text}`);
      alone.push(results);
    }
    // Ragged batches: neither padding nor the others change anything.
    const groups = new Map<string, number[]>();
    cases.forEach((one, i) => {
      const key = JSON.stringify(asked(one, method));
      groups.set(key, [...(groups.get(key) ?? []), i]);
    });
    for (const group of groups.values()) {
      const all = await model.explain(
        group.map((i) => input(cases[i])),
        asked(cases[group[0]], method),
      );
      all.forEach((results, k) => {
        results.forEach((told, p) => {
          const before = alone[group[k]][p].tokens.map(({ relevance }) => relevance);
          const off = Math.max(...told.tokens.map(({ relevance }, j) => Math.abs(relevance - before[j])));
          const bound = model.backend === "wasm" ? 0 : 1e-6;
          raise("together", off / sum(before), bound, `${name}, ${method}, ${told.text} among others`);
        });
      });
    }
  }
}

export const shown = (): string =>
  `at most: ${Object.entries(worst)
    .map(([what, value]) => `${what} ${value.toExponential(1)}`)
    .join(", ")}`;
