// The logit lens (nostalgebraist, 2020): the last norm and the head on the stream after each block, which is what the model
// would predict if it ended there.

import type { Engine } from "../engine/engine.ts";
import type { Trace } from "../engine/network.ts";
import type { PredictOptions } from "../engine/options.ts";
import { quote, RelpropError } from "../errors.ts";
import type { Encoded, Input, MessageSpan } from "../inputs/encoded.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import { argMax, partition } from "../logits.ts";
import type { Network } from "../models/family.ts";
import { pauses } from "../pauses.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import { rowOf } from "../tasks/scores.ts";

/** Options of lens(). */
export interface LensOptions extends PredictOptions {
  /**
   * Indices of the tokens to read at, or `"all"`. By default the one that explain() explains: the last token of a causal model,
   * the first masked one of a masked model.
   */
  tokens?: "all" | readonly number[];
  /** How many classes each layer has, the likeliest (default 5). */
  top?: number;
  /** The class to follow through the layers, by its label or index; by default what the model predicts there. */
  target?: string | number;
}

/** What the head makes of the stream at one layer. */
export interface LensLayer {
  /** The likeliest classes, the likeliest first. */
  classes: ClassScore[];
  /** The class that is followed; its rank is 1 where it is the likeliest. */
  target: ClassScore & { rank: number };
}

/** What the layers say at one token: of the next one, or of a masked model what stands there. */
export interface LensPosition {
  /** Its place in `tokens`. */
  token: number;
  /** One more than there are blocks: of the embeddings, then after each block. The last is the model's prediction. */
  layers: LensLayer[];
}

/** What `Model.lens()` returns: the predictions of the head at each layer. */
export interface Lens {
  /** The text that the model reads. */
  text: string;
  /** Of a conversation: where in the text what its messages say is. */
  messages?: readonly MessageSpan[];
  /** The model's name. */
  model: string;
  /** The backend that computed the result. */
  backend: "wasm" | "webgpu";
  /** The tokens of the text. */
  tokens: Token[];
  /** One for each token that is read at. */
  positions: LensPosition[];
  /** Sentences about the accuracy of this result or changes of the input; usually empty. */
  warnings: string[];
}

const MOST = 2 ** 24; // logits of a run, of all its layers and positions

interface LensTrace extends Trace {
  layers: string[];
}

function trace({ stream, logits, unembed }: Network): LensTrace {
  const layers = stream.map((x, i) => [`layer ${i}`, i < stream.length - 1 ? unembed(x) : logits] as const);
  return { outputs: Object.fromEntries(layers), layers: layers.map(([name]) => name) };
}

/** Each text's. Throws `InvalidOption`. @internal */
export async function lens(engine: Engine, inputs: readonly Input[], options: LensOptions): Promise<Lens[]> {
  const { task, labels } = engine.architecture;
  if (!task.pieces) {
    const message = `a lens needs a head that predicts pieces of a vocabulary; this model's task is ${task.name}`;
    throw new RelpropError("InvalidOption", message);
  }
  const { target, signal, tokens: wanted } = options;
  const followed = target === undefined ? undefined : (await task.targetWeights(labels, { target }))[0].indexOf(1);
  const encoded = await engine.encode(inputs, options);
  const read = wanted ? encoded.map((one) => at(one, wanted)) : await task.selectTokens(engine, encoded, { signal });
  const { model, backend } = engine.info;
  const results: Lens[] = [];
  for (const one of read) {
    const { text, messages, tokens, warnings } = one;
    const positions = await positionsOf(engine, one, followed, options);
    results.push({ text, ...(messages && { messages }), model, backend, tokens, positions, warnings });
  }
  return results;
}

function at(one: Encoded, wanted: "all" | readonly number[]): Encoded {
  const n = one.tokens.length;
  const reads = wanted === "all" ? [...one.tokens.keys()] : [...wanted];
  const odd = reads.find((j) => j >= n);
  if (odd === undefined) return { ...one, reads };
  throw new RelpropError("InvalidOption", `there is no token ${quote(odd)}; this text has 0 to ${n - 1}`);
}

/** In runs of as many positions as their logits leave room for. */
async function positionsOf(
  engine: Engine,
  one: Encoded,
  followed: number | undefined,
  { top = 5, signal }: LensOptions,
): Promise<LensPosition[]> {
  const { labels } = engine.architecture;
  const pause = pauses(signal);
  const found: LensPosition[] = [];
  let most = 1; // how many layers a network has only a run shows
  while (found.length < one.reads!.length) {
    const reads = one.reads!.slice(found.length, found.length + most);
    const probe = { kind: "lens", network: { allRows: true }, trace };
    const [{ of, trace: made }] = await engine.probe([{ ...one, reads }], probe, signal);
    most = Math.max(1, Math.floor(MOST / (made.layers.length * labels.length)));
    const logits = made.layers.map(of);
    for (const [row, token] of reads.entries()) {
      const rows = logits.map((layer) => rowOf(layer, row, labels.length));
      const target = followed ?? argMax(rows[rows.length - 1]);
      const layers: LensLayer[] = [];
      for (const layer of rows) {
        await pause();
        layers.push(layerOf(layer, labels, target, top));
      }
      found.push({ token, layers });
    }
  }
  return found;
}

function layerOf(logits: Float32Array, labels: readonly string[], target: number, top: number): LensLayer {
  const { peak, total } = partition(logits);
  const of = (index: number): ClassScore => ({
    index,
    label: labels[index],
    logit: logits[index],
    probability: Math.exp(logits[index] - peak) / total,
  });
  const ahead = logits.reduce((n, v, c) => n + Number(v > logits[target] || (v === logits[target] && c < target)), 0);
  return { classes: largest(logits, top).map(of), target: { ...of(target), rank: ahead + 1 } };
}

/** The places of the `n` largest, the largest first; of equal ones those that come first. */
function largest(values: Float32Array, n: number): number[] {
  const least = values.slice().sort()[Math.max(0, values.length - n)];
  const found = [...values.keys()].filter((i) => values[i] >= least);
  return found.sort((a, b) => values[b] - values[a]).slice(0, n);
}
