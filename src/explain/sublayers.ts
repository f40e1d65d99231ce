// Relevance of attention heads and of feed-forward neurons, each with the ledger of its block's half.

import { headsOf } from "../engine/ablation.ts";
import { quote, RelpropError } from "../errors.ts";
import type { HeadRelevance, NeuronRelevance, Neurons, PartsLedger } from "./explanation.ts";
import { blocksWith, inBlock, type RunNumbers, relevance, valuesAndGradient } from "./numbers.ts";
import type { NeuronRequest } from "./options.ts";
import { magnitude, share } from "./residual.ts";
import { keptByEntry, type Sublayers } from "./trace.ts";

/** Where the logit went above a block's half: its `parts`, the stream around them, and what was kept. */
function sublayerLedger(numbers: RunNumbers, i: number, half: keyof Sublayers<unknown>, parts: readonly number[]) {
  const { trace, backward, logit, mine, forward } = numbers;
  const block = trace.captured.blocks[i];
  const gradients = backward.gradients.blocks[i];
  // Halves without a residual have no stream around them; around heads goes what a parallel half passes on, too.
  const around =
    half === "heads"
      ? [
          [block.residualInput, gradients.attention],
          [block.parallel, gradients.parallel],
        ]
      : [[block.preMlpStream, gradients.feedforward]];
  const stream = total(around.map(([x, g]) => (x && g ? relevance(forward(x), mine(g)) : 0)));
  const whole = total(parts);
  const { entries, rest } = keptByEntry(backward.sublayers[i][half]!, logit - whole - stream, mine);
  const ledger: PartsLedger = { logit, parts: whole, stream, ...entries, residual: rest };
  return { ledger, misses: share(ledger, magnitude(parts)) };
}

const total = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0);

/** Of a block's heads. */
export function headRelevance(numbers: RunNumbers, n: number, i: number): { result: HeadRelevance; misses: number } {
  const { x, g, rows, width } = valuesAndGradient(numbers, inBlock(i, "context"));
  const heads = headsOf(numbers.trace.outputs[numbers.trace.captured.blocks[i].context!]);
  const d = width / heads;
  const tokens = Array.from({ length: heads }, (_, h) =>
    Array.from({ length: n }, (_, t) => (t < rows ? relevance(x, g!, t * width + h * d, t * width + (h + 1) * d) : 0)),
  );
  const { ledger, misses } = sublayerLedger(numbers, i, "heads", tokens.flat());
  return { result: { relevance: tokens.map(total), tokens, ledger }, misses };
}

/** Of all blocks' neurons. */
export function neuronRelevance(
  numbers: RunNumbers,
  n: number,
  request: number | NeuronRequest,
): { result: Neurons; misses: number[] } {
  const { top, token } = typeof request === "number" ? { top: request, token: undefined } : request;
  if (token !== undefined && token >= n) {
    throw new RelpropError("InvalidOption", `there is no token ${quote(token)}; this text has 0 to ${n - 1}`);
  }
  const blocks = blocksWith(numbers, "neurons");
  if (!blocks.length) throw new RelpropError("InvalidOption", "this model's blocks have no feed-forward neurons");

  const all: { block: number; neuron: number; relevance: number; weight: number }[] = [];
  const accounts = blocks.map((block) => {
    const { x, g, rows, width } = valuesAndGradient(numbers, inBlock(block, "neurons"));
    for (let neuron = 0; neuron < width; neuron++) {
      let sum = 0;
      for (let at = neuron; at < rows * width; at += width) sum += x[at] * g![at];
      const here =
        token === undefined ? sum : token < rows ? x[token * width + neuron] * g![token * width + neuron] : 0;
      all.push({ block, neuron, relevance: sum, weight: Math.abs(here) });
    }
    const parts = Array.from({ length: rows * width }, (_, at) => x[at] * g![at]);
    return sublayerLedger(numbers, block, "neurons", parts);
  });
  all.sort((a, b) => b.weight - a.weight);
  const strongest = all.slice(0, top).map(({ block, neuron, relevance }): NeuronRelevance => {
    const { x, g, rows, width } = valuesAndGradient(numbers, inBlock(block, "neurons"));
    const at = (t: number) => t * width + neuron;
    return {
      block,
      neuron,
      relevance,
      tokens: Array.from({ length: n }, (_, t) => (t < rows ? x[at(t)] * g![at(t)] : 0)),
    };
  });
  const result = { top: strongest, ledgers: accounts.map(({ ledger }) => ledger) };
  return { result, misses: accounts.map(({ misses }) => misses) };
}
