import type { Engine, Probe } from "../engine/engine.ts";
import { logitsTrace, type Trace } from "../engine/network.ts";
import { RelpropError, throwIfAborted } from "../errors.ts";
import { resolvedWeights } from "../explain/objective.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import type { Encoded } from "../inputs/encoded.ts";
import type { Network } from "../models/family.ts";
import { seed } from "../ops/seed.ts";
import { propagate } from "../propagation/propagate.ts";
import type { ClassScore } from "../tasks/prediction.ts";
import { scored } from "../tasks/scores.ts";

/** Attention weights of each block [heads][n · n], row by row, and their gradients. */
export interface Attention {
  n: number;
  weights: Float64Array[][];
  gradients: Float64Array[][];
}

interface Callbacks {
  signal?: AbortSignal;
  onProgress?: (forwardPasses: number) => void;
}

/** One text and what of its logits is explained, as methods see it: f of other texts, and what goes on inside. */
export class View {
  readonly tokens: Encoded["tokens"];
  readonly target: ClassScore;
  readonly contrast?: ClassScore;
  readonly classes: ClassScore[];
  /** f of the text itself. */
  readonly logit: number;
  /** How many times the network has run so far. */
  forwardPasses = 1;

  readonly #engine: Engine;
  readonly #encoded: Encoded;
  readonly #weights: Float32Array;
  readonly #watching: Callbacks;

  /** `request` is a row for ops/seed.ts: a weight for each class, and one for the top class. */
  static async of(engine: Engine, encoded: Encoded, request: Float32Array, watching: Callbacks): Promise<View> {
    const [logits] = await engine.predict([encoded], watching.signal);
    return new View(engine, encoded, resolvedWeights(request, logits), logits, watching);
  }

  private constructor(
    engine: Engine,
    encoded: Encoded,
    weights: Float32Array,
    logits: Float32Array,
    watching: Callbacks,
  ) {
    const { of, classes } = scored(engine.info, logits);
    this.#engine = engine;
    this.#encoded = encoded;
    this.#weights = weights;
    this.#watching = watching;
    this.tokens = encoded.tokens;
    this.classes = classes;
    this.target = of(weights.indexOf(1));
    this.contrast = weights.includes(-1) ? of(weights.indexOf(-1)) : undefined;
    this.logit = this.#f(logits);
  }

  get signal(): AbortSignal | undefined {
    return this.#watching.signal;
  }

  #f(logits: ArrayLike<number>): number {
    return this.#weights.reduce((sum, weight, c) => sum + weight * logits[c], 0);
  }

  #count(n: number): void {
    throwIfAborted(this.#watching.signal);
    this.forwardPasses += n;
    this.#watching.onProgress?.(this.forwardPasses);
  }

  #look<T extends Trace>(encoded: Encoded[], probe: Probe<T>) {
    this.#count(encoded.length);
    return this.#engine.probe(encoded, probe, this.#watching.signal);
  }

  /** The id that stands for a token that is left out; −1 is a vector of zeros. Throws where the vocabulary has none. */
  baselineId(by: string | number): number {
    const { unkId, padId, maskId } = this.#engine.tokenizer;
    const id = { unk: unkId, pad: padId, mask: maskId, zero: -1 }[by];
    if (typeof id === "number") return id;
    throw new RelpropError("InvalidOption", `this model's vocabulary has no ${by} token; use "zero"`);
  }

  /** The ids of the text. */
  get ids(): number[] {
    return this.tokens.map(({ id }) => id);
  }

  #withIds(ids: readonly number[]): Encoded {
    return { ...this.#encoded, tokens: this.tokens.map((token, j) => ({ ...token, id: ids[j] })) };
  }

  /** f of the text with other ids, of each list of them. */
  async f(variants: readonly (readonly number[])[]): Promise<number[]> {
    const results: number[] = [];
    for (let first = 0; first < variants.length; first += RUNS) {
      const some = variants.slice(first, first + RUNS).map((ids) => this.#withIds(ids));
      const seen = await this.#look(some, { kind: "logits", trace: logitsTrace });
      results.push(...seen.map(({ of }) => this.#f(of("logits"))));
    }
    return results;
  }

  /** The embeddings of the text with other ids: [n · width]. */
  async embeddings(ids: readonly number[]): Promise<Float32Array> {
    const trace: Probe["trace"] = ({ readings }) => ({ outputs: { x: readings.get("embeddings")![0] } });
    const [seen] = await this.#look([this.#withIds(ids)], { kind: "embeddings", trace });
    return this.#own(seen.of("x"));
  }

  /** A text's own rows, without padding. */
  #own(x: Float32Array): Float32Array {
    const width = this.#engine.architecture.width;
    return x.subarray(0, this.tokens.length * width);
  }

  /** ∂f at each of some embeddings [n · width] in place of the text's own. */
  async gradients(points: readonly Float32Array[]): Promise<Float32Array[]> {
    const trace: Probe["trace"] = (net) => {
      const request = this.#request(net);
      const [x] = net.readings.get("embeddings")!;
      const { gradients } = propagate(net.logits, seed(net.logits, request), [[x]], {});
      return { outputs: { g: gradients.get(x)! } };
    };
    const results: Float32Array[] = [];
    for (let first = 0; first < points.length; first += RUNS) {
      const at = new Map(points.slice(first, first + RUNS).map((x) => [{ ...this.#encoded }, x]));
      const data: Probe["data"] = (batch, t) => {
        const { width, embeddingWidth = width } = this.#engine.architecture;
        const embeddings = new Float32Array(batch.length * t * embeddingWidth);
        batch.forEach((one, i) => {
          embeddings.set(at.get(one)!, i * t * embeddingWidth);
        });
        return { embeddings, request: this.#requests(batch.length) };
      };
      const seen = await this.#look([...at.keys()], {
        kind: "gradients",
        network: { embeddingsAsInput: true },
        trace,
        data,
      });
      results.push(...seen.map(({ of }) => this.#own(of("g"))));
    }
    return results;
  }

  #request({ logits: { shape } }: Network): Tensor {
    return input("request", [shape[0], this.#weights.length + 1]);
  }

  #requests(n: number): Float32Array {
    const row = [...this.#weights, 0];
    return Float32Array.from({ length: n * row.length }, (_, i) => row[i % row.length]);
  }

  /** All attention weights and their gradients. */
  async attention(): Promise<Attention> {
    const trace = (net: Network) => {
      const { gradients } = propagate(net.logits, seed(net.logits, this.#request(net)), [[net.stream[0]]], {});
      const outputs: Trace["outputs"] = {};
      const blocks = net.blocks.map(({ weights: p }, i) => {
        outputs[`p ${i}`] = p!;
        outputs[`g ${i}`] = gradients.get(p!)!;
        return { weights: `p ${i}`, gradients: `g ${i}` };
      });
      return { outputs, blocks };
    };
    const network = { allRows: true, recompute: false };
    const data = () => ({ request: this.#requests(1) });
    const [{ trace: found, of }] = await this.#look([this.#encoded], { kind: "attention", network, trace, data });
    const n = this.tokens.length;
    const own = (name: string) => {
      const [, heads, t] = found.outputs[name].shape;
      const x = of(name);
      const at = (h: number, i: number) => x[(h * t + Math.floor(i / n)) * t + (i % n)];
      return Array.from({ length: heads }, (_, h) => Float64Array.from({ length: n * n }, (_, i) => at(h, i)));
    };
    return {
      n,
      weights: found.blocks.map(({ weights }) => own(weights)),
      gradients: found.blocks.map(({ gradients }) => own(gradients)),
    };
  }
}

const RUNS = 64; // of the network between two looks at whether to go on
