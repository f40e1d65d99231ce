import type { Backend, Data, Program } from "./backends/backend.ts";
import { type Composite, method } from "./composites.ts";
import { quote, RelpropError, throwIfAborted } from "./errors.ts";
import type { Explanation, Prediction, ReadingPoint } from "./explanation.ts";
import type { TensorInfo } from "./header.ts";
import { type Encoded, encode, inputs, type Tables } from "./inputs.ts";
import type { Architecture, Network } from "./models/family.ts";
import { plan } from "./plan.ts";
import { classScores, explanation } from "./results.ts";
import { request, type TargetOptions } from "./target.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { explaining, network, predicting, readingPoints, type Trace } from "./trace.ts";

export interface PredictOptions {
  /** Cuts a text that is too long instead of rejecting it with `InputTooLong`. */
  truncate?: boolean;
  /** Seen before each run; a run that has begun is finished. */
  signal?: AbortSignal;
}

export interface ExplainOptions extends PredictOptions, TargetOptions {
  /** A method's name (default cp-lrp), or a composite of your own. */
  method?: string | Composite;
  /** Where relevance is read (default embeddings); several points come from one run. */
  at?: ReadingPoint | readonly ReadingPoint[];
  /** Also the residual stream's relevance at each block's input, as `layers`. */
  layers?: boolean;
}

export interface ModelParts {
  name: string;
  type: string;
  architecture: Architecture;
  tokenizer: Tokenizer;
  tables: Tables;
  backend: Backend;
  backendReason?: string;
  cacheReason?: string;
  stored: TensorInfo[];
  unused: string[];
}

const MOST_PLANS = 32; // plans kept ready, and the most bytes of their work buffers
const MOST_PLAN_BYTES = 2 ** 29;
const BATCH = 8; // texts a run
const BUCKET = 8; // texts are padded to a multiple of this, so that few lengths need a plan of their own

interface Ready {
  program: Program;
  trace: Trace;
}

/**
 * A loaded model. Calls run one at a time in the order they were made. `dispose()` lets the running one finish, rejects
 * those that wait with `Disposed`, and frees everything.
 */
export class Model {
  readonly name: string;
  /** The config's model_type. */
  readonly type: string;
  readonly labels: readonly string[];
  /** The most tokens a text may have, special ones included. */
  readonly maxTokens: number;
  readonly backend: "wasm" | "webgpu";
  /** Why `backend: "auto"` did not take the GPU. */
  readonly backendReason?: string;
  /** Why `cache` did not keep the files. */
  readonly cacheReason?: string;
  /** Every tensor of the checkpoint, and the names of those the model does not use. */
  readonly tensors: readonly TensorInfo[];
  readonly unused: readonly string[];

  readonly #parts: ModelParts;
  readonly #ready = new Map<string, Ready>();
  #queue: Promise<unknown> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  constructor(parts: ModelParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.type = parts.type;
    this.labels = parts.architecture.labels;
    this.maxTokens = parts.architecture.positions;
    this.backend = parts.backend.name;
    this.backendReason = parts.backendReason;
    this.cacheReason = parts.cacheReason;
    this.tensors = parts.stored;
    this.unused = parts.unused;
  }

  /** The classes of a text, or of each of several, with their logits and probabilities. */
  predict(text: string, options?: PredictOptions): Promise<Prediction>;
  predict(texts: readonly string[], options?: PredictOptions): Promise<Prediction[]>;
  async predict(text: string | readonly string[], options: PredictOptions = {}): Promise<Prediction | Prediction[]> {
    const results = await this.#inBatches(texts(text), options, async (batch, t) => {
      const { program, trace } = await this.#prepare(`predict ${batch.length} ${t}`, batch.length, t, predicting);
      const data = await program.run(this.#inputs(batch, t));
      return batch.map(({ text, warnings }, index) => {
        const classes = classScores(this.labels, { trace, data, batch: batch.length, index });
        return { text, model: this.name, backend: this.backend, classes, warnings };
      });
    });
    return typeof text === "string" ? results[0] : results;
  }

  /** Which tokens a text's logit rests on, with its ledger; a list of texts or reading points gives a list. */
  explain(text: string, options?: ExplainOptions & { at?: ReadingPoint }): Promise<Explanation>;
  explain(texts: readonly string[], options?: ExplainOptions & { at?: ReadingPoint }): Promise<Explanation[]>;
  explain(text: string, options: ExplainOptions & { at: readonly ReadingPoint[] }): Promise<Explanation[]>;
  explain(
    texts: readonly string[],
    options: ExplainOptions & { at: readonly ReadingPoint[] },
  ): Promise<Explanation[][]>;
  async explain(
    text: string | readonly string[],
    options: ExplainOptions = {},
  ): Promise<Explanation | Explanation[] | Explanation[][]> {
    const { at = "embeddings", layers = false } = options;
    const points = typeof at === "string" ? [at] : at;
    for (const point of points) {
      if (readingPoints.includes(point)) continue;
      throw new RelpropError(
        "InvalidOption",
        `relevance is read at ${readingPoints.join(", ")}, not at ${quote(point)}`,
      );
    }
    const rules = method(options.method);
    const target = request(this.labels, options);
    const about = { model: this.name, backend: this.backend, labels: this.labels };

    const results = await this.#inBatches(texts(text), options, async (batch, t) => {
      const key = `${JSON.stringify(rules.composite)} ${layers} ${batch.length} ${t}`;
      const build = (net: Network) => explaining(net, batch.length, rules.composite, layers);
      const { program, trace } = await this.#prepare(key, batch.length, t, build);
      const requests = new Float32Array(target.length * batch.length);
      for (let i = 0; i < batch.length; i++) requests.set(target, target.length * i);
      const data = await program.run({ ...this.#inputs(batch, t), request: requests });
      return batch.map((one, index) => {
        const run = { trace, data, batch: batch.length, index };
        const reading = (point: ReadingPoint) => explanation(one, about, run, rules, point);
        return typeof at === "string" ? reading(at) : points.map(reading);
      });
    });
    return (typeof text === "string" ? results[0] : results) as Explanation | Explanation[] | Explanation[][];
  }

  /** Frees the model's memory, once the run under way has ended. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#queue.then(() => {
      for (const { program } of this.#ready.values()) program.dispose();
      this.#ready.clear();
      this.#parts.backend.dispose();
    });
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Encodes all texts, so that a text that is too long is told before any run, then runs them in batches of few. */
  async #inBatches<R>(
    texts: readonly string[],
    { truncate, signal }: PredictOptions,
    run: (batch: Encoded[], t: number) => Promise<R[]>,
  ): Promise<R[]> {
    const encoded = texts.map((text) => encode(this.#parts.tokenizer, text, this.maxTokens, truncate));
    const results: R[] = [];
    for (let i = 0; i < encoded.length; i += BATCH) {
      const batch = encoded.slice(i, i + BATCH);
      const longest = Math.max(...batch.map(({ tokens }) => tokens.length));
      const t = Math.min(Math.ceil(longest / BUCKET) * BUCKET, this.maxTokens);
      results.push(...(await this.#inTurn(signal, () => run(batch, t))));
    }
    return results;
  }

  /** First come, first served. */
  #inTurn<R>(signal: AbortSignal | undefined, work: () => Promise<R>): Promise<R> {
    const turn = this.#queue.then(() => {
      if (this.#disposed) throw new RelpropError("Disposed", "the model was disposed of; load it again");
      throwIfAborted(signal);
      return work();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** The program for a batch of one size, from the cache or new; the least recently used give way. */
  async #prepare(key: string, batch: number, t: number, trace: (net: Network) => Trace): Promise<Ready> {
    const found = this.#ready.get(key);
    if (found) this.#ready.delete(key);
    const ready = found ?? (await this.#build(trace(network(this.#parts.architecture, batch, t))));
    this.#ready.set(key, ready);
    let bytes = 0;
    for (const { program } of this.#ready.values()) bytes += program.bytes;
    for (const [old, { program }] of this.#ready) {
      if ((bytes <= MOST_PLAN_BYTES && this.#ready.size <= MOST_PLANS) || old === key) break;
      bytes -= program.bytes;
      program.dispose();
      this.#ready.delete(old);
    }
    return ready;
  }

  #inputs(batch: readonly Encoded[], t: number): Data {
    return inputs(batch, t, this.#parts.tables, this.#parts.architecture.width);
  }

  async #build(trace: Trace): Promise<Ready> {
    return { trace, program: await this.#parts.backend.prepare(plan(trace.outputs)) };
  }
}

function texts(text: string | readonly string[]): readonly string[] {
  const list = typeof text === "string" ? [text] : text;
  if (!Array.isArray(list) || list.some((one) => typeof one !== "string")) {
    throw new RelpropError("InvalidInput", `a text must be a string, or a list of strings, not ${quote(text)}`);
  }
  return list;
}
