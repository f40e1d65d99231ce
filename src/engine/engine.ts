// A model's network over encoded texts: those of like length run together, and runs go one at a time, first come, first
// served. Model is what users see of it.

import type { Backend, Data, States } from "../backends/backend.ts";
import { coded, RelpropError, throwIfAborted } from "../errors.ts";
import { finite } from "../finite.ts";
import type { Encoded, Input, Tables } from "../inputs/encoded.ts";
import { encode, inputs, paired, rowSelection } from "../inputs/inputs.ts";
import type { Tokenizer } from "../inputs/tokenizers/wordpiece.ts";
import type { Architecture, Network } from "../models/family.ts";
import { abortable, turn } from "../pauses.ts";
import type { Outputs } from "../tasks/task.ts";
import { bucketByLength } from "./batches.ts";
import { logitsTrace, type NetworkOptions, network, part, type Trace } from "./network.ts";
import type { PredictOptions } from "./options.ts";
import { PlanCache, type Ready } from "./plan_cache.ts";
import type { Reload } from "./reload.ts";

export interface EngineParts {
  name: string;
  architecture: Architecture;
  tokenizer: Tokenizer;
  tables: Tables;
  backend: Backend;
  reload: Reload;
}

/** A named trace of a network, with its further inputs for texts padded to `t` tokens. */
export interface Probe<T extends Trace = Trace> {
  kind: string;
  network?: NetworkOptions;
  trace(net: Network): T;
  /** At exactly so many rows a text, all texts at once; else as many as suit them. */
  rows?: number;
  data?(batch: readonly Encoded[], t: number): Data;
  /** What it keeps from run to run, of the backend that it runs on: where that was lost, another than before. */
  states?(backend: Backend): Promise<States>;
}

/** A run's numbers by output, of these texts. */
export interface RunResult<T extends Trace = Trace> {
  texts: readonly Encoded[];
  trace: T;
  data: Data;
}

export interface ProbeResult<T extends Trace = Trace> {
  trace: T;
  of(output: string): Float32Array;
}

/** What all results of a model have in common. */
export interface ModelInfo extends Pick<Outputs, "labels" | "scores" | "task"> {
  model: string;
  backend: "wasm" | "webgpu";
}

const LARGE = 2 ** 18; // attention weights of a head from which on those of all heads may be too many to keep
const MOST_BYTES = 2 ** 29; // of work buffers that a list of texts may take

export class Engine {
  readonly parts: EngineParts;
  readonly architecture: Architecture;
  readonly tokenizer: Tokenizer;
  /** What all results of the model have in common. */
  readonly info: ModelInfo;
  #plans: PlanCache;

  #queue: Promise<unknown> = Promise.resolve();
  #disposed: Promise<void> | undefined;

  constructor(parts: EngineParts) {
    const { name: model, backend, architecture, tokenizer } = parts;
    const { labels, scores, task } = architecture;
    this.parts = parts;
    this.architecture = architecture;
    this.tokenizer = tokenizer;
    this.info = { model, backend: backend.name, labels, scores, task };
    this.#plans = new PlanCache(parts.backend);
  }

  /**
   * What users give, as tokens, each for the network that is asked for. Nothing runs: what is wrong with one is known before
   * any is computed.
   */
  async encode(
    inputs: readonly Input[],
    { truncate, numLoops, ablate, signal }: PredictOptions = {},
  ): Promise<Encoded[]> {
    const { tokenizer, architecture } = this;
    const read = (input: Input) =>
      architecture.encode?.(input, signal) ??
      encode(tokenizer, input, architecture, truncate ?? architecture.truncates);
    const encoded = await Promise.all(inputs.map(async (input) => read(input))).catch((error) => {
      throw coded(error);
    });
    if (numLoops === undefined && ablate === undefined) return encoded;
    const { networkChange } = await import("./ablation.ts");
    const change = networkChange(this, { numLoops, ablate });
    return encoded.map((one) => ({ ...one, change }));
  }

  /** The logits of each text: of the rows that are read, or of each token. */
  async predict(encoded: readonly Encoded[], signal?: AbortSignal): Promise<Float32Array[]> {
    const seen = await this.probe(encoded, { kind: "predict", trace: logitsTrace }, signal);
    return seen.map(({ of }) => of("logits"));
  }

  /** Of each text, its part of any output of a trace. */
  probe<T extends Trace>(
    encoded: readonly Encoded[],
    request: Probe<T>,
    signal?: AbortSignal,
  ): Promise<ProbeResult<T>[]> {
    const run = async (batch: readonly Encoded[], t: number) => {
      const { texts, trace, data } = await this.run(batch, t, request, signal);
      const seen = (i: number) => (output: string) => finite(part(data[output], i, texts.length), output);
      return texts.map((_, i): ProbeResult<T> => ({ trace, of: seen(i) }));
    };
    const { rows } = request;
    return rows ? this.#inTurn(signal, () => run(encoded, rows)) : this.inBatches(encoded, signal, 1, run);
  }

  /** Within a turn: one run of the first texts of a batch, as many as fit, padded to `t` tokens. */
  async run<T extends Trace>(
    batch: readonly Encoded[],
    t: number,
    probe: Probe<T>,
    signal?: AbortSignal,
  ): Promise<RunResult<T>> {
    const { kind, network, trace, data, states } = probe;
    const { program, texts: n, ...ready } = await this.#prepare(kind, batch, t, trace, { network, signal });
    const texts = batch.slice(0, n);
    const own = await states?.(this.parts.backend);
    const numbers = await program.run({ ...this.#inputs(texts, t), ...data?.(texts, t) }, signal, own);
    return { ...ready, texts, data: numbers };
  }

  throwIfDisposed(): void {
    if (this.#disposed) throw new RelpropError("Disposed", "the model is disposed; load it again");
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
   * Runs texts of like length together, in turns. `run` answers those it is given, or as many of the first ones as it can run at
   * once.
   */
  async inBatches<R>(
    encoded: readonly Encoded[],
    signal: AbortSignal | undefined,
    targets: number,
    run: (batch: Encoded[], t: number) => Promise<R[]>,
  ): Promise<R[]> {
    const results = new Array<R>(encoded.length);
    let ran = false;
    const lengths = encoded.map(({ tokens }) => tokens.length);
    for (const { t, texts } of bucketByLength(lengths, this.architecture.positions)) {
      for (let done = 0; done < texts.length; ) {
        if (ran) await turn();
        ran = true;
        const next = texts.slice(done, done + this.most(t * Math.max(1, targets)));
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
  most(t: number): number {
    return Math.max(1, Math.floor(this.parts.backend.rows / t));
  }

  /** First come, first served. An abort rejects at once, and the run ends as soon as it can. */
  #inTurn<R>(signal: AbortSignal | undefined, work: () => Promise<R>): Promise<R> {
    const doing = this.#queue.then(async () => {
      this.throwIfDisposed();
      throwIfAborted(signal);
      if (this.parts.backend.lost) {
        this.#plans.dispose();
        const { recovered } = await import("./recovered.ts");
        this.parts.backend = await recovered(this.parts, signal);
        this.#plans = new PlanCache(this.parts.backend);
      }
      return work();
    });
    const result = doing.catch((error) => {
      throw coded(error);
    });
    this.#queue = result.catch(() => {});
    return abortable(result, signal);
  }

  /** The program for texts padded to `t` tokens, or for half as many and so on if its work buffers were too large. */
  async #prepare<T extends Trace>(
    kind: string,
    batch: readonly Encoded[],
    t: number,
    trace: (net: Network) => T,
    asked: { network?: NetworkOptions; signal?: AbortSignal },
  ): Promise<Ready<T> & { texts: number }> {
    const { network: options, signal } = asked;
    const texts = batch.length;
    const pairs = paired(batch, this.architecture);
    const reads = this.#reads(batch);
    const allRows = this.architecture.reads === "mean" || options?.allRows;
    const attend = texts * t * t >= LARGE ? (await import("../ops/attend.ts")).attend : undefined;
    const { change } = batch[0];
    const how = { ...options, ...change?.network, attend, allRows, reads, paired: pairs };
    const traced = () => trace(network(this.architecture, texts, t, how));
    const key = `${kind} ${change?.key} ${texts} ${t} ${pairs} ${reads}`;
    const ready = await this.#plans.get(key, traced, texts > 1 ? MOST_BYTES : Number.POSITIVE_INFINITY, signal);
    return ready ? { ...ready, texts } : this.#prepare(kind, batch.slice(0, Math.ceil(texts / 2)), t, trace, asked);
  }

  #inputs(batch: readonly Encoded[], t: number): Data {
    const { architecture } = this;
    const { tables } = this.parts;
    const reads = this.#reads(batch);
    return {
      ...inputs(batch, t, tables, architecture),
      ...architecture.data?.(t, tables, batch),
      ...architecture.pool?.(batch, t),
      ...batch[0].change?.data,
      ...(reads && { rowSelection: rowSelection(batch, t, reads, architecture) }),
    };
  }

  /** How many rows of each text the head reads by the input `rowSelection`; 0 if the head selects them itself. */
  #reads(batch: readonly Encoded[]): number {
    const { reads } = this.architecture;
    if (reads === "first") return 0;
    return Math.max(...batch.map((one) => one.reads?.length ?? Number(reads !== "tokens")));
  }
}
