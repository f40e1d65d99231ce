import type { Backend, Data } from "./backends/backend.ts";
import type { Timing } from "./backends/profile.ts";
import { alike } from "./batches.ts";
import { quote, RelpropError, throwIfAborted } from "./errors.ts";
import type { Explanation, Prediction } from "./explanation.ts";
import type { TensorInfo } from "./header.ts";
import { type Encoded, encode, inputs, type Tables } from "./inputs.ts";
import type { Architecture, Network } from "./models/family.ts";
import { Plans, type Ready } from "./plans.ts";
import { type ExplainLists, type ExplainOptions, type PredictOptions, type Question, question } from "./question.ts";
import { classScores, explanations } from "./results.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { explaining, network, predicting, type Trace } from "./trace.ts";

export type { ExplainLists, ExplainOptions, PredictOptions };

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

const MOST_BYTES = 2 ** 29; // of work buffers that a list of texts may take

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
  readonly #plans: Plans;
  #queue: Promise<unknown> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  constructor(parts: ModelParts) {
    this.#parts = parts;
    this.#plans = new Plans(parts.backend);
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
    const { name: model, backend, labels } = this;
    const results = await this.#inBatches(text, options, 1, async (batch, t) => {
      const { program, trace, texts } = await this.#prepare("predict", batch.length, t, predicting);
      const fed = batch.slice(0, texts);
      const run = { trace, data: await program.run(this.#inputs(fed, t)), texts, targets: 1 };
      return fed.map(({ text, warnings }, i) => {
        return { text, model, backend, classes: classScores(labels, run, i), warnings };
      });
    });
    return typeof text === "string" ? results[0] : results;
  }

  /**
   * Which tokens a text's logit rests on, with its ledger. If an option is a list, so is each text's result: flat, methods
   * slowest, then targets, then reading points; each explanation says which it is.
   */
  explain(text: string, options?: ExplainOptions): Promise<Explanation>;
  explain(texts: readonly string[], options?: ExplainOptions): Promise<Explanation[]>;
  explain(text: string, options: ExplainLists): Promise<Explanation[]>;
  explain(texts: readonly string[], options: ExplainLists): Promise<Explanation[][]>;
  async explain(
    text: string | readonly string[],
    options: ExplainOptions | ExplainLists = {},
  ): Promise<Explanation | Explanation[] | Explanation[][]> {
    const asked = question(this.labels, options);
    const { methods, requests, several } = asked;
    const results = await this.#inBatches(text, options, requests.length, async (batch, t) => {
      let fed = batch;
      const parts: Explanation[][][][] = []; // by targets, texts and methods
      for (let first = 0; first < requests.length; first += this.#most(t)) {
        throwIfAborted(options.signal);
        const some = { ...asked, requests: requests.slice(first, first + this.#most(t)) };
        parts.push(await this.#explain(fed, t, some));
        fed = fed.slice(0, parts[0].length);
      }
      return fed.map((_, i) => {
        const all = methods.flatMap((_, m) => parts.flatMap((part) => part[i][m]));
        return several ? all : all[0];
      });
    });
    return (typeof text === "string" ? results[0] : results) as Explanation | Explanation[] | Explanation[][];
  }

  /** One run for the first texts of a batch, as many as fit: their explanations by method. */
  async #explain(batch: Encoded[], t: number, asked: Question): Promise<Explanation[][][]> {
    const { methods, requests, layers } = asked;
    const composites = methods.map(({ composite }) => composite);
    const kind = `${JSON.stringify(composites)} ${layers} ${requests.length}`;
    const trace = (net: Network) => explaining(net, composites, requests.length, layers);
    const { program, texts, ...ready } = await this.#prepare(kind, batch.length, t, trace);

    const fed = batch.slice(0, texts);
    const rows = requests.flatMap((row) => fed.map(() => row)); // a target's texts side by side
    const request = new Float32Array(rows.length * (this.labels.length + 1));
    rows.forEach((row, i) => {
      request.set(row, row.length * i);
    });
    const data = await program.run({ ...this.#inputs(fed, t), request });
    const about = { model: this.name, backend: this.backend, labels: this.labels };
    const run = { ...ready, data, texts, targets: requests.length };
    return fed.map((one, i) => explanations(one, about, run, i, asked));
  }

  /** Where the time of all runs so far went, kernel by kernel; undefined unless the model was loaded with `profile`. */
  profile(): Timing[] | undefined {
    const { profile } = this.#parts.backend;
    return profile && [...profile.values()];
  }

  /** Frees the model's memory, once the run under way has ended. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#queue.then(() => {
      this.#plans.dispose();
      this.#parts.backend.dispose();
    });
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /**
   * Encodes all texts, so that a text that is too long is told before any run, then runs those of like length together.
   * `run` answers the texts it is given, or as many of the first ones as it can run at once.
   */
  async #inBatches<R>(
    text: string | readonly string[],
    { truncate, signal }: PredictOptions,
    targets: number,
    run: (batch: Encoded[], t: number) => Promise<R[]>,
  ): Promise<R[]> {
    const encoded = texts(text).map((one) => encode(this.#parts.tokenizer, one, this.maxTokens, truncate));
    const results = new Array<R>(encoded.length);
    let ran = false;
    const lengths = encoded.map(({ tokens }) => tokens.length);
    for (const { t, texts } of alike(lengths, this.maxTokens)) {
      for (let done = 0; done < texts.length; ) {
        if (ran) await new Promise((resolve) => setTimeout(resolve)); // or nobody could abort, nor a page be painted
        ran = true;
        const next = texts.slice(done, done + this.#most(t * Math.max(1, targets)));
        const answers = await this.#inTurn(signal, () =>
          run(
            next.map((i) => encoded[i]),
            t,
          ),
        );
        answers.forEach((answer, i) => {
          results[next[i]] = answer;
        });
        done += answers.length;
      }
    }
    return results;
  }

  /** How many texts of `t` tokens, or targets of one, a run takes. */
  #most(t: number): number {
    return Math.max(1, Math.floor(this.#parts.backend.rows / t));
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

  /** The program for so many texts of `t` tokens, or for half as many and so on if its work buffers were too large. */
  async #prepare(
    kind: string,
    texts: number,
    t: number,
    trace: (net: Network) => Trace,
  ): Promise<Ready & { texts: number }> {
    const traced = () => trace(network(this.#parts.architecture, texts, t));
    const ready = await this.#plans.get(`${kind} ${texts} ${t}`, traced, texts > 1 ? MOST_BYTES : undefined);
    return ready ? { ...ready, texts } : this.#prepare(kind, Math.ceil(texts / 2), t, trace);
  }

  #inputs(batch: readonly Encoded[], t: number): Data {
    return inputs(batch, t, this.#parts.tables, this.#parts.architecture.width);
  }
}

function texts(text: string | readonly string[]): readonly string[] {
  const list = typeof text === "string" ? [text] : text;
  if (!Array.isArray(list) || list.some((one) => typeof one !== "string")) {
    throw new RelpropError("InvalidInput", `a text must be a string, or a list of strings, not ${quote(text)}`);
  }
  return list;
}
