// A model's network over encoded texts: those of like length run together, and runs go one at a time, first come, first
// served. Model is what users see of it.

import type { Backend, Data, States } from "../backends/backend.ts";
import { coded, RelpropError, throwIfAborted } from "../errors.ts";
import type { Explanation } from "../explain/explanation.ts";
import { finite } from "../explain/finite.ts";
import type { Question } from "../explain/request.ts";
import { type About, explanations, scored } from "../explain/results.ts";
import { explaining, type Made, network, part, predicting, type Trace } from "../explain/trace.ts";
import { input } from "../graph/tensor.ts";
import type { Encoded, Input, Tables } from "../inputs/encoded.ts";
import { encode, inputs, paired, picks } from "../inputs/inputs.ts";
import type { Tokenizer } from "../inputs/tokenizers/wordpiece.ts";
import type { Architecture, Network } from "../models/family.ts";
import { seed } from "../ops/seed.ts";
import { abortable, turn } from "../pauses.ts";
import { methods } from "../propagation/composites.ts";
import { propagate } from "../propagation/propagate.ts";
import { alike } from "./batches.ts";
import { Plans, type Ready } from "./plan_cache.ts";
import { type Reload, recovered } from "./recover.ts";

export interface EngineParts {
  name: string;
  architecture: Architecture;
  tokenizer: Tokenizer;
  tables: Tables;
  backend: Backend;
  reload: Reload;
}

/** A trace under a name of its own, and what it is fed beside the texts: for those, padded to `t` tokens. */
export interface Look {
  kind: string;
  made?: Made;
  trace(net: Network): Trace;
  /** At exactly so many rows a text, all texts at once; else as many as suit them. */
  rows?: number;
  data?(batch: readonly Encoded[], t: number): Data;
  /** What it keeps from run to run, of the backend that it runs on: where that was lost, another than before. */
  states?(backend: Backend): States;
}

export interface Seen {
  outputs: Trace["outputs"];
  of(output: string): Float32Array;
}

const LARGE = 2 ** 18; // attention weights of a head from which on those of all heads may be too many to keep
const MOST_BYTES = 2 ** 29; // of work buffers that a list of texts may take

export class Engine {
  readonly parts: EngineParts;
  #plans: Plans;
  /** What methods.ts makes its traces with. It imports nothing of the engine, or every page would load one more file. */
  readonly tools = { input, methods, predicting, propagate, scored, seed };

  #queue: Promise<unknown> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  constructor(parts: EngineParts) {
    this.parts = parts;
    this.#plans = new Plans(parts.backend);
  }

  /** What a user gives, as tokens; nothing runs. */
  encode(input: Input, truncate?: boolean): Encoded {
    const { tokenizer, architecture } = this.parts;
    return encode(tokenizer, input, architecture, truncate ?? architecture.truncates);
  }

  /** The logits of each text: of the rows that are read, or of each token. */
  predict(encoded: readonly Encoded[], signal?: AbortSignal): Promise<Float32Array[]> {
    return this.#inBatches(encoded, signal, 1, async (batch, t) => {
      const { program, texts } = await this.#prepare("predict", batch, t, predicting, { signal });
      const fed = batch.slice(0, texts);
      const { logits } = await program.run(this.#inputs(fed, t), signal);
      return fed.map((_, i) => finite(part(logits, i, texts), "logits"));
    });
  }

  /** Each text's explanations: methods slowest, then targets, then reading points. */
  explain(encoded: readonly Encoded[], asked: Question, signal?: AbortSignal): Promise<Explanation[][]> {
    const { methods, requests } = asked;
    return this.#inBatches(encoded, signal, requests.length, async (batch, t) => {
      let fed = batch;
      const parts: Explanation[][][][] = []; // by targets, texts and methods
      for (let first = 0; first < requests.length; first += this.#most(t)) {
        throwIfAborted(signal);
        const some = { ...asked, requests: requests.slice(first, first + this.#most(t)) };
        parts.push(await this.#explain(fed, t, some, signal));
        fed = fed.slice(0, parts[0].length);
      }
      return fed.map((_, i) => methods.flatMap((_, m) => parts.flatMap((part) => part[i][m])));
    });
  }

  /** One run for the first texts of a batch, as many as fit: their explanations by method. */
  async #explain(batch: Encoded[], t: number, asked: Question, signal?: AbortSignal): Promise<Explanation[][][]> {
    const { methods, requests, layers, finer } = asked;
    const composites = methods.map(({ composite }) => composite);
    const grain = finer && (await import("../explain/breakdown.ts"));
    const watch = grain?.watch(finer!) ?? [];
    const kind = `${JSON.stringify(composites)} ${layers} ${requests.length} ${watch}`;
    const trace = (net: Network) => explaining(net, composites, requests.length, layers, watch);
    const made = watch.includes("weights") ? { recompute: false } : {}; // attention weights must be there to be seen
    const { program, texts, ...ready } = await this.#prepare(kind, batch, t, trace, { made, signal });

    const fed = batch.slice(0, texts);
    const rows = requests.flatMap((row) => fed.map(() => row)); // a target's texts side by side
    const request = new Float32Array(rows.length * rows[0].length);
    rows.forEach((row, i) => {
      request.set(row, row.length * i);
    });
    const data = await program.run({ ...this.#inputs(fed, t), request }, signal);
    const run = { ...ready, data, texts, targets: requests.length };
    return fed.map((one, i) => explanations(one, this.about, run, i, asked, grain));
  }

  /** What all results of the model have in common. */
  get about(): About {
    const { name: model, backend, architecture } = this.parts;
    const { labels, scores, task } = architecture;
    return { model, backend: backend.name, labels, scores, task };
  }

  /** For methods that look inside: of each text, its part of any output of a trace of their own. */
  look(encoded: readonly Encoded[], how: Look, signal?: AbortSignal): Promise<Seen[]> {
    const { kind, made, trace, data, rows, states } = how;
    const run = async (batch: readonly Encoded[], t: number) => {
      const { program, texts, ...ready } = await this.#prepare(kind, batch, t, trace, { made, signal });
      const fed = batch.slice(0, texts);
      const own = states?.(this.parts.backend);
      const numbers = await program.run({ ...this.#inputs(fed, t), ...data?.(fed, t) }, signal, own);
      const { outputs } = ready.trace;
      return fed.map((_, i): Seen => ({ outputs, of: (output) => finite(part(numbers[output], i, texts), output) }));
    };
    return rows ? this.#inTurn(signal, () => run(encoded, rows)) : this.#inBatches(encoded, signal, 1, run);
  }

  throwIfDisposed(): void {
    if (this.#disposed) throw new RelpropError("Disposed", "the model was disposed of; load it again");
  }

  /** Frees the model's memory, once the run under way has ended. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#queue.then(() => {
      this.#plans.dispose();
      this.parts.backend.dispose();
      this.parts.tables = {};
    });
    return this.#disposed;
  }

  /**
   * Runs texts of like length together. `run` answers those it is given, or as many of the first ones as it can run at
   * once.
   */
  async #inBatches<R>(
    encoded: readonly Encoded[],
    signal: AbortSignal | undefined,
    targets: number,
    run: (batch: Encoded[], t: number) => Promise<R[]>,
  ): Promise<R[]> {
    const results = new Array<R>(encoded.length);
    let ran = false;
    const lengths = encoded.map(({ tokens }) => tokens.length);
    for (const { t, texts } of alike(lengths, this.parts.architecture.positions)) {
      for (let done = 0; done < texts.length; ) {
        if (ran) await turn();
        ran = true;
        const next = texts.slice(done, done + this.#most(t * Math.max(1, targets)));
        const batch = next.map((i) => encoded[i]);
        const answers = await this.#inTurn(signal, () => run(batch, t));
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
    return Math.max(1, Math.floor(this.parts.backend.rows / t));
  }

  /** First come, first served. An abort is told at once, and its turn ends as soon as it can. */
  #inTurn<R>(signal: AbortSignal | undefined, work: () => Promise<R>): Promise<R> {
    const doing = this.#queue.then(async () => {
      this.throwIfDisposed();
      throwIfAborted(signal);
      if (this.parts.backend.lost) {
        this.#plans.dispose();
        this.parts.backend = await recovered(this.parts, signal);
        this.#plans = new Plans(this.parts.backend);
      }
      return work();
    });
    const told = doing.catch((error) => {
      throw coded(error);
    });
    this.#queue = told.catch(() => {});
    return abortable(told, signal);
  }

  /** The program for texts padded to `t` tokens, or for half as many and so on if its work buffers were too large. */
  async #prepare(
    kind: string,
    batch: readonly Encoded[],
    t: number,
    trace: (net: Network) => Trace,
    asked: { made?: Made; signal?: AbortSignal },
  ): Promise<Ready & { texts: number }> {
    const { made, signal } = asked;
    const texts = batch.length;
    const pairs = paired(batch, this.parts.architecture);
    const reads = this.#reads(batch);
    const whole = this.parts.architecture.reads === "mean" || made?.whole;
    const attend = texts * t * t >= LARGE ? (await import("../ops/attend.ts")).attend : undefined;
    const { change } = batch[0];
    const how = { ...made, ...change?.made, attend, whole, reads, paired: pairs };
    const traced = () => trace(network(this.parts.architecture, texts, t, how));
    const key = `${kind} ${change?.key} ${texts} ${t} ${pairs} ${reads}`;
    const ready = await this.#plans.get(key, traced, texts > 1 ? MOST_BYTES : Number.POSITIVE_INFINITY, signal);
    return ready ? { ...ready, texts } : this.#prepare(kind, batch.slice(0, Math.ceil(texts / 2)), t, trace, asked);
  }

  #inputs(batch: readonly Encoded[], t: number): Data {
    const { tables, architecture } = this.parts;
    const reads = this.#reads(batch);
    return {
      ...inputs(batch, t, tables, architecture),
      ...architecture.data?.(
        t,
        tables,
        batch.map(({ tokens }) => tokens.length),
      ),
      ...architecture.pool?.(batch, t),
      ...batch[0].change?.data,
      ...(reads && { picks: picks(batch, t, reads, architecture) }),
    };
  }

  /** How many rows of each text the head is told to read; 0 if it knows. */
  #reads(batch: readonly Encoded[]): number {
    const { reads } = this.parts.architecture;
    if (reads === "first") return 0;
    return Math.max(...batch.map((one) => one.reads?.length ?? Number(reads !== "tokens")));
  }
}
