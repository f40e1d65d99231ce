// Whether a checkpoint of the sweep (test/reference/sweep.py) is right, refused or wrong here.
//
// Right: ids equal, logits within 1e-4 · max(1, |logit|), relevance within 1e-5 of Σ|R|, where the result has no warning
// that its relevance is rounding noise.

import { RelpropError } from "../src/errors.ts";
import type { Explanation } from "../src/explain/explanation.ts";
import type { ExplainLists } from "../src/explain/options.ts";
import type { Input } from "../src/inputs/encoded.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import type { LoadOptions } from "../src/runtime/options.ts";

export interface Case {
  text?: string;
  pair?: string;
  rgb?: number[];
  width?: number;
  height?: number;
  ids?: number[];
  token?: number;
  span?: [number, number];
  target: number | "answer";
  logits: (number | { index: number; logit: number })[];
  /** Relevance by method and reading point. */
  methods: Record<string, Record<string, number[]>>;
  /** How far transformers' own float32 is from these numbers, in parts of the bounds here; absent in the committed sample. */
  noise?: { logits: number; relevance: Record<string, Record<string, number>> };
}

export interface Line {
  seed: number;
  family: string;
  head: string;
  version: string;
  /** The fields that were drawn; absent in the committed sample. */
  drawn?: Record<string, unknown>;
  /** Texts by file name, or what is in a JSON file, and the safetensors file in Base64. */
  files: Record<string, unknown>;
  cases: Case[];
  /** In the committed sample, why it is refused. */
  refused?: string;
}

export interface Verdict {
  verdict: "right" | "refused" | "wrong" | "unsettled";
  /** The code and field of a refusal, or what is off. */
  why?: string;
  message?: string;
}

/** From here on transformers' own float32 is too rough to settle the numbers, in parts of the bounds. */
const ROUGH = 0.05;
const NOISE = /rounding|residual|annihilates/i;
const points = ["embeddings", "words"] as const;

export async function judge({ files, cases, head }: Line, place: LoadOptions): Promise<Verdict> {
  let model: Model | undefined;
  try {
    const contents = Object.entries(files).map(([name, text]) => [name, content(name, text)]);
    model = await load(Object.fromEntries(contents), { deterministic: true, ...place });
    let worst: Verdict = { verdict: "right" };
    for (const one of cases) {
      const found = await compare(model, one, head);
      if (found.verdict === "wrong") return found;
      if (found.verdict !== "right") worst = found;
    }
    return worst;
  } catch (error) {
    if (!(error instanceof RelpropError)) {
      return { verdict: "wrong", why: `uncoded ${error}`, message: (error as Error)?.stack };
    }
    const { field, name, file } = error.facts as Record<string, string>;
    const where = field ?? file ?? name;
    const verdict = model && error.code === "InvalidOption" ? "wrong" : "refused"; // it loads as something else
    return { verdict, why: [error.code, where].filter(Boolean).join(" "), message: error.message };
  } finally {
    await model?.dispose();
  }
}

const content = (name: string, text: unknown) =>
  name.endsWith(".safetensors")
    ? Uint8Array.from(atob(text as string), (c) => c.charCodeAt(0))
    : new TextEncoder().encode(typeof text === "string" ? text : JSON.stringify(text));

function input({ text = "", pair, rgb, width = 0, height = 0 }: Case): Input {
  if (rgb) return { data: Uint8Array.from(rgb), width, height };
  return pair === undefined ? text : { text, pair };
}

async function compare(model: Model, one: Case, head: string): Promise<Verdict> {
  const { methods, token, target, noise, ids } = one;
  const names = Object.keys(methods);
  const at = points.filter((point) => methods[names[0]][point]);
  const options = { method: names, at, target, ...(token !== undefined && { token }) } as unknown as ExplainLists;
  const results = await model.explain(input(one), options);
  let verdict: Verdict = { verdict: "right" };
  for (const told of results) {
    const where = `${told.method} at ${told.at}, ${JSON.stringify(one.text)}`;
    const own = told.tokens.map(({ id }) => id);
    if (ids && own.join() !== ids.join())
      return { verdict: "wrong", why: "ids", message: `${where}: ${own}, not ${ids}` };
    const off = logits(told, one, head);
    if (!(off <= 1) && (noise?.logits ?? 0) > ROUGH)
      return { verdict: "unsettled", why: `logits, noise ${noise!.logits}` };
    if (!(off <= 1)) return { verdict: "wrong", why: "logits", message: `${where}: ${off} of the bound` };
    if (told.warnings.some((warning) => NOISE.test(warning))) continue;
    const expected = methods[told.method][told.at];
    const sum = expected.reduce((n, v) => n + Math.abs(v), 0);
    const worst = Math.max(...told.tokens.map(({ relevance }, j) => Math.abs(relevance - expected[j]))) / sum / 1e-5;
    if (worst <= 1 || (sum === 0 && told.tokens.every(({ relevance }) => relevance === 0))) continue;
    const rough = Math.max(0, ...Object.values(noise?.relevance ?? {}).flatMap(Object.values<number>)); // a kink may hit any
    if (rough > ROUGH)
      verdict = { verdict: "unsettled", why: `relevance, ${worst} of the bound, noise ${rough}`, message: where };
    else return { verdict: "wrong", why: `relevance`, message: `${where}: ${worst} of the bound, float32 ${rough}` };
  }
  return verdict;
}

/** The largest difference of a logit, in parts of the bound. */
function logits(told: Explanation, { span, logits }: Case, head: string): number {
  const part = (actual: number, expected: number) =>
    Math.abs(actual - expected) / (1e-4 * Math.max(1, Math.abs(expected)));
  if (span) {
    if (told.reads?.join() !== span.join()) return Number.POSITIVE_INFINITY;
    const [start, end] = [told.classes[0], told.classes[3]];
    return Math.max(part(start.logit, logits[0] as number), part(end.logit, logits[1] as number));
  }
  return Math.max(
    ...logits.map((entry, i) => {
      const { index, logit } = typeof entry === "number" ? { index: i, logit: entry } : entry;
      const own = told.classes.find((each) => each.index === index);
      if (!own && head === "Model") return 0;
      return part(own?.logit ?? Number.NaN, logit);
    }),
  );
}
