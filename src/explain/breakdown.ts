// Explanations finer or coarser than tokens: parts of the text, attention heads, neurons, and who passes what to whom.
// A run gives the numbers of tensors within blocks and their gradients, the sums are made here, in f64.

import { headsOf } from "../engine/ablation.ts";
import type { Watched } from "../engine/network.ts";
import { quote, RelpropError } from "../errors.ts";
import { type ImageView, place } from "../inputs/images/patches.ts";
import { segmented } from "../inputs/segments.ts";
import type { Block, Network, ReadingPoint } from "../models/family.ts";
import type { Composite } from "../propagation/composites.ts";
import type {
  Explanation,
  GroupRelevance,
  HeadRelevance,
  NeuronRelevance,
  Neurons,
  PairRelevance,
  PartsLedger,
} from "./explanation.ts";
import type { Breakdowns, Groups, NeuronRequest, Span } from "./options.ts";
import { magnitude, share, unclosed } from "./residual.ts";
import { amounts, type Explaining, type Halves, type Walk, type Watch } from "./trace.ts";

/** One text's numbers of a run. @internal */
export interface Numbers {
  trace: Explaining;
  walk: Walk;
  composite: Composite;
  /** Of the forward pass. */
  forward(name: string): Float32Array;
  /** Of a target's walk. */
  mine(name: string): Float32Array;
  /** What the ledger accounts for. */
  logit: number;
}

/** What is wanted of a network's blocks. @internal */
export function watch(
  { blocks, readings }: Pick<Network, "blocks" | "readings">,
  { heads, neurons, pairs, pixels, points }: Breakdowns,
): Watch {
  const read = (at: ReadingPoint) => (readings.has(at) ? { [at]: readings.get(at)![0] } : {});
  const halves: Watch["halves"] = blocks.map(({ context, neurons: inner, parallel }) => ({
    ...(heads && context && { heads: parallel ? [context, parallel] : [context] }),
    ...(neurons && inner && { neurons: [inner] }),
  }));
  const fields: (keyof Block)[] = [
    ...(heads ? (["context", "skipped", "attention", "parallel"] as const) : []),
    ...(neurons ? (["passed", "neurons", "feedforward"] as const) : []),
    ...(pairs ? (["context", "values", "scores", "weights"] as const) : []),
  ];
  const own = (block: Block): Block =>
    Object.fromEntries(fields.flatMap((field) => (block[field] ? [[field, block[field]]] : [])));
  return {
    watched: { blocks: blocks.map(own), readings: { ...(points && read("points")), ...(pixels && read("pixels")) } },
    halves,
  };
}

/** What is asked for beside `explanation`. Throws `InvalidOption`. @internal */
export function finer(explanation: Explanation, numbers: Numbers, asked: Breakdowns): Partial<Explanation> {
  const { groups, heads, neurons, pairs, pixels, points } = asked;
  const n = explanation.tokens.length;
  const ofAll = heads ? having(numbers, "context").map((i) => ofHeads(numbers, n, i)) : [];
  const ofBlocks = neurons ? ofNeurons(numbers, n, neurons) : undefined;
  return {
    ...(pixels && { image: { ...(explanation.image as ImageView), pixels: ofPixels(explanation, numbers) } }),
    ...(points && { cloud: ofPoints(explanation, numbers) }),
    ...(groups && { groups: grouped(explanation, groups) }),
    ...(heads && { heads: ofAll.map(({ told }) => told) }),
    ...(ofBlocks && { neurons: ofBlocks.told }),
    ...(pairs && { pairs: having(numbers, "weights").map((i) => ofPairs(numbers, n, i)) }),
    warnings: [
      ...explanation.warnings,
      ...unclosed(
        "heads",
        ofAll.map(({ misses }) => misses),
      ),
      ...unclosed("neurons", ofBlocks?.misses ?? []),
    ],
  };
}

// ---- parts of the text

/** Relevance by parts of the text. @internal */
export function grouped({ text, tokens }: Pick<Explanation, "text" | "tokens">, groups: Groups): Explanation["groups"] {
  const begin = (j: number) => tokens[j].start ?? -1;
  const placed = [...tokens.keys()].filter((j) => begin(j) >= 0).sort((a, b) => begin(a) - begin(b));
  const after = (at: number) => lowest(placed.length, (k) => begin(placed[k]) >= at);
  const wanted = typeof groups === "string" ? segments(text, groups) : groups;
  const inAny = new Set<number>();
  const spans: GroupRelevance[] = [];
  for (const span of wanted) {
    const { start, end } = checked(span, text.length);
    const own = placed.slice(after(start), after(end)).sort((a, b) => a - b);
    if (!own.length && typeof groups === "string") continue; // white space
    for (const j of own) inAny.add(j);
    const relevance = own.reduce((sum, j) => sum + tokens[j].relevance, 0);
    spans.push({ text: text.slice(start, end), start, end, relevance, tokens: own });
  }
  const rest = tokens.reduce((sum, { relevance }, j) => sum + (inAny.has(j) ? 0 : relevance), 0);
  return { spans, rest };
}

/** The lowest number below `n` that fits, if all above it do; `n` if none does. */
function lowest(n: number, fits: (k: number) => boolean): number {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** As Unicode divides text (UAX 29). */
function segments(text: string, groups: "words" | "sentences"): Span[] {
  const granularity = groups === "words" ? "word" : "sentence";
  if (!globalThis.Intl?.Segmenter) {
    throw new RelpropError("InvalidOption", `this runtime has no Intl.Segmenter to find ${groups} with; give spans`);
  }
  const found = segmented(new Intl.Segmenter(undefined, { granularity }), text);
  return Array.from(found, ({ index, segment }) => ({ start: index, end: index + segment.length }));
}

function checked(span: Span, length: number): Span {
  if (span.start < span.end && span.end <= length) return span;
  throw new RelpropError("InvalidOption", `${quote(span)} is no span { start, end } of a text of ${length} characters`);
}

// ---- pixels

/** Each pixel's relevance in all channels. */
function ofPixels({ image, tokens }: Explanation, numbers: Numbers): number[] {
  if (!image) throw new RelpropError("InvalidOption", "this model reads texts, which have no pixels");
  const [across, down] = image.size;
  const { x, g, width } = pair(numbers, ({ readings }) => readings.pixels);
  const own = {
    specials: tokens.length - image.rows * image.cols,
    channels: (width * image.rows * image.cols) / (across * down),
  };
  return Array.from({ length: across * down }, (_, k) => {
    let sum = 0;
    for (let c = 0; c < own.channels; c++) {
      const at = place(image, own, [c, Math.floor(k / across), k % across]);
      sum += x[at] * g![at];
    }
    return sum;
  });
}

/**
 * Each point's relevance, from all groups that it is in: read at points that of its features there, which are mostly those
 * that were the largest of their group; else an equal share of the group's.
 */
function ofPoints({ cloud, tokens, at: reading }: Explanation, numbers: Numbers): Explanation["cloud"] {
  if (!cloud) throw new RelpropError("InvalidOption", "this model reads no point clouds");
  const relevance = Array<number>(cloud.points).fill(0);
  if (reading !== "points") {
    for (const [k, own] of cloud.groups.entries())
      for (const i of own) relevance[i] += tokens[k].relevance / own.length;
    return { ...cloud, relevance };
  }
  const { x, g, width } = pair(numbers, ({ readings }) => readings.points);
  const each = width / cloud.groups[0].length;
  let at = 0;
  for (const i of cloud.groups.flat()) {
    for (const end = at + each; at < end; at++) relevance[i] += x[at] * g![at];
  }
  return { ...cloud, relevance };
}

// ---- heads and neurons

/** The blocks that have this tensor. */
const having = ({ trace }: Numbers, field: keyof Block): number[] =>
  [...trace.watched.blocks.entries()].flatMap(([i, block]) => (block[field] ? [i] : []));

/** A block's tensor. */
const inBlock =
  (i: number, field: keyof Block) =>
  ({ blocks }: Watched<string>): string | undefined =>
    blocks[i][field];

/** Σ x · g over all rows and columns, or where `at` says. */
function relevance(x: Float32Array, g: Float32Array, from = 0, to = x.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += x[i] * g[i];
  return sum;
}

/** A tensor's numbers and its gradient, and how many rows it has and how wide they are. */
function pair({ trace, walk, forward, mine }: Numbers, of: (watched: Watched<string>) => string | undefined) {
  const name = of(trace.watched)!;
  const { shape } = trace.outputs[name];
  const [heads, rows, width] = shape.slice(-3); // heads of what has them
  const gradient = of(walk.gradients);
  return { x: forward(name), g: gradient === undefined ? undefined : mine(gradient), heads, rows, width };
}

/** Where the logit went above a block's half: its `parts`, the stream around them, and what was kept. */
function across(numbers: Numbers, i: number, half: keyof Halves<unknown>, parts: readonly number[]) {
  const { trace, walk, logit, mine, forward } = numbers;
  const block = trace.watched.blocks[i];
  const gradients = walk.gradients.blocks[i];
  // Halves without a residual have no stream around them; around heads goes what a parallel half passes on, too.
  const around =
    half === "heads"
      ? [
          [block.skipped, gradients.attention],
          [block.parallel, gradients.parallel],
        ]
      : [[block.passed, gradients.feedforward]];
  const stream = total(around.map(([x, g]) => (x && g ? relevance(forward(x), mine(g)) : 0)));
  const whole = total(parts);
  const { entries, rest } = amounts(walk.halves[i][half]!, logit - whole - stream, mine);
  const ledger: PartsLedger = { logit, parts: whole, stream, ...entries, residual: rest };
  return { ledger, misses: share(ledger, magnitude(parts)) };
}

const total = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0);

function ofHeads(numbers: Numbers, n: number, i: number): { told: HeadRelevance; misses: number } {
  const { x, g, rows, width } = pair(numbers, inBlock(i, "context"));
  const heads = headsOf(numbers.trace.outputs[numbers.trace.watched.blocks[i].context!]);
  const d = width / heads;
  const tokens = Array.from({ length: heads }, (_, h) =>
    Array.from({ length: n }, (_, t) => (t < rows ? relevance(x, g!, t * width + h * d, t * width + (h + 1) * d) : 0)),
  );
  const { ledger, misses } = across(numbers, i, "heads", tokens.flat());
  return { told: { relevance: tokens.map(total), tokens, ledger }, misses };
}

function ofNeurons(numbers: Numbers, n: number, asked: number | NeuronRequest): { told: Neurons; misses: number[] } {
  const { top, token } = typeof asked === "number" ? { top: asked, token: undefined } : asked;
  if (token !== undefined && token >= n) {
    throw new RelpropError("InvalidOption", `there is no token ${quote(token)}; this text has 0 to ${n - 1}`);
  }
  const blocks = having(numbers, "neurons");
  if (!blocks.length) throw new RelpropError("InvalidOption", "this model's blocks have no feed-forward neurons");

  const all: { block: number; neuron: number; relevance: number; weight: number }[] = [];
  const accounts = blocks.map((block) => {
    const { x, g, rows, width } = pair(numbers, inBlock(block, "neurons"));
    for (let neuron = 0; neuron < width; neuron++) {
      let sum = 0;
      for (let at = neuron; at < rows * width; at += width) sum += x[at] * g![at];
      const here =
        token === undefined ? sum : token < rows ? x[token * width + neuron] * g![token * width + neuron] : 0;
      all.push({ block, neuron, relevance: sum, weight: Math.abs(here) });
    }
    const parts = Array.from({ length: rows * width }, (_, at) => x[at] * g![at]);
    return across(numbers, block, "neurons", parts);
  });
  all.sort((a, b) => b.weight - a.weight);
  const strongest = all.slice(0, top).map(({ block, neuron, relevance }): NeuronRelevance => {
    const { x, g, rows, width } = pair(numbers, inBlock(block, "neurons"));
    const at = (t: number) => t * width + neuron;
    return {
      block,
      neuron,
      relevance,
      tokens: Array.from({ length: n }, (_, t) => (t < rows ? x[at(t)] * g![at(t)] : 0)),
    };
  });
  const told = { top: strongest, ledgers: accounts.map(({ ledger }) => ledger) };
  return { told, misses: accounts.map(({ misses }) => misses) };
}

// ---- token to token

function ofPairs(numbers: Numbers, n: number, i: number): PairRelevance {
  const { g, rows, width } = pair(numbers, inBlock(i, "context"));
  const values = numbers.forward(numbers.trace.watched.blocks[i].values!);
  const { x: weights, width: t, heads } = pair(numbers, inBlock(i, "weights"));
  const scores = pair(numbers, inBlock(i, "scores"));
  const d = width / heads;
  // A product's factors share relevance in halves by AttnLRP's rule; one that is constant leaves all to the other.
  const half = (op: "context" | "scores") =>
    scores.g && String([numbers.composite[op]].flat()[0]) === "uniform" ? 1 / 2 : 1;
  const [ofContext, ofScores] = [half("context"), half("scores")];

  const square = (at: (h: number, i: number, j: number) => number) =>
    Array.from({ length: heads }, (_, h) =>
      Array.from({ length: Math.min(rows, n) }, (_, i) => Array.from({ length: n }, (_, j) => at(h, i, j))),
    );
  const place = (h: number, i: number, j: number) => (h * rows + i) * t + j;
  const passed = square((h, i, j) => {
    let along = 0;
    for (let k = h * d; k < (h + 1) * d; k++) along += values[j * width + k] * g![i * width + k];
    return ofContext * weights[place(h, i, j)] * along;
  });
  if (!scores.g) return { values: passed };
  const { x, g: gradient } = scores;
  const keys = square((h, i, j) => ofScores * x[place(h, i, j)] * gradient![place(h, i, j)]);
  return { values: passed, keys, queries: keys.map((rows) => rows.map((row) => row.reduce((sum, r) => sum + r, 0))) };
}
