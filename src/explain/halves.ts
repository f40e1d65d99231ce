// Relevance of attention heads and of feed-forward neurons, each with the ledger of its block's half.

import { headsOf } from "../engine/ablation.ts";
import { quote, RelpropError } from "../errors.ts";
import type { HeadRelevance, NeuronRelevance, Neurons, PartsLedger } from "./explanation.ts";
import { having, inBlock, type Numbers, pair, relevance } from "./numbers.ts";
import type { NeuronRequest } from "./options.ts";
import { magnitude, share } from "./residual.ts";
import { amounts, type Halves } from "./trace.ts";

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

/** Of a block's heads. */
export function ofHeads(numbers: Numbers, n: number, i: number): { told: HeadRelevance; misses: number } {
  const { x, g, rows, width } = pair(numbers, inBlock(i, "context"));
  const heads = headsOf(numbers.trace.outputs[numbers.trace.watched.blocks[i].context!]);
  const d = width / heads;
  const tokens = Array.from({ length: heads }, (_, h) =>
    Array.from({ length: n }, (_, t) => (t < rows ? relevance(x, g!, t * width + h * d, t * width + (h + 1) * d) : 0)),
  );
  const { ledger, misses } = across(numbers, i, "heads", tokens.flat());
  return { told: { relevance: tokens.map(total), tokens, ledger }, misses };
}

/** Of all blocks' neurons. */
export function ofNeurons(
  numbers: Numbers,
  n: number,
  asked: number | NeuronRequest,
): { told: Neurons; misses: number[] } {
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
