import type { Attribution } from "../attribution/attribution.ts";
import type { AttributeLists, AttributeOptions, MethodLists, MethodOptions } from "../attribution/options.ts";
import type { Timing } from "../backends/profile.ts";
import type { TensorInfo } from "../checkpoint/header.ts";
import type { Diagnosis } from "../diagnose/diagnosis.ts";
import type { Lens, LensOptions } from "../diagnose/lens.ts";
import { Engine, type EngineParts } from "../engine/engine.ts";
import { type PredictOptions, predictOptions } from "../engine/options.ts";
import { RelpropError, throwIfAborted } from "../errors.ts";
import type { AnswerMatrix } from "../explain/answer_matrix.ts";
import type { Explanation } from "../explain/explanation.ts";
import { type AnswerOptions, type ExplainLists, type ExplainOptions, explainOptions } from "../explain/options.ts";
import { finite } from "../finite.ts";
import type { ExplainedToken, GeneratedToken, Generation, Prompt } from "../generate/generation.ts";
import type { GenerateOptions } from "../generate/options.ts";
import type { Input } from "../inputs/encoded.ts";
import { elements, unreadable } from "../inputs/given.ts";
import type { Token } from "../inputs/tokenizers/token.ts";
import type { Similarity } from "../models/sentence/modules.ts";
import { checked, type Fields } from "../options/kinds.ts";
import { abortable } from "../pauses.ts";
import type { Prediction } from "../tasks/prediction.ts";
import type { TaskName } from "../tasks/task.ts";
import { type AnyOptions, explain } from "./explain.ts";
import type { DiagnoseOptions, insides } from "./methods.ts";
import { predict } from "./predict.ts";

export type { ExplainLists, ExplainOptions, PredictOptions };

type InsideOptions = Pick<DiagnoseOptions, "signal" | "compareTo">;

/** @internal */
export interface ModelParts extends EngineParts {
  type: string;
  /** A sum of the weights' bytes. */
  sum: number;
  fallbackReason?: string;
  cacheReason?: string;
  stored: TensorInfo[];
  unused: string[];
}

/**
 * A loaded model. Calls run one at a time in the order they were made. `dispose()` lets the running one finish, rejects
 * those that wait with `Disposed`, and frees everything.
 */
export class Model {
  /** Its name in results. */
  readonly name: string;
  /** The config's model_type, and what its head is for. */
  readonly type: string;
  /** What its head is for, such as "sequence-classification". */
  readonly task: TaskName;
  /** The classes by index; of a language model the vocabulary's pieces. */
  readonly labels: readonly string[];
  /** The maximum number of tokens of a text, special tokens included. */
  readonly maxTokens: number;
  /** How sentence-transformers compares embeddings of this model, where the model is one of its. */
  readonly similarity?: Similarity;
  /** The backend that runs it. */
  readonly backend: "wasm" | "webgpu";
  /** Why `backend: "auto"` did not use the GPU. */
  readonly fallbackReason?: string;
  /** Why `cache` did not keep the files. */
  readonly cacheReason?: string;
  /** Every tensor of the checkpoint, and the names of those the model does not use. */
  readonly tensors: readonly TensorInfo[];
  /** The names of tensors that the model does not use. */
  readonly unused: readonly string[];
  /** Ids of the vocabulary's own tokens for what is unknown, padded or masked; null where it has none. */
  readonly specialIds: { unk: number | null; pad: number | null; mask: number | null };

  readonly #engine: Engine;

  /** @internal */
  constructor(parts: ModelParts) {
    const { architecture, backend, tokenizer } = parts;
    this.#engine = new Engine(parts);
    this.name = parts.name;
    this.type = parts.type;
    this.task = architecture.task.name;
    this.labels = architecture.labels;
    this.maxTokens = architecture.positions;
    this.similarity = architecture.similarity;
    this.backend = backend.name;
    this.fallbackReason = parts.fallbackReason;
    this.cacheReason = parts.cacheReason;
    this.tensors = parts.stored;
    this.unused = parts.unused;
    this.specialIds = { unk: tokenizer.unkId, pad: tokenizer.padId, mask: tokenizer.maskId };
  }

  /**
   * The tokens that the model reads in a text, or in each of several, in order.
   * @throws InvalidInput, InvalidOption, InputTooLong, EmptyInput, Aborted, Disposed.
   */
  tokenize(text: Input, options?: PredictOptions): Promise<Token[]>;
  tokenize(texts: readonly Input[], options?: PredictOptions): Promise<Token[][]>;
  async tokenize(text: Input | readonly Input[], given: PredictOptions = {}): Promise<Token[] | Token[][]> {
    const options = this.#begin("tokenize", predictOptions, given);
    const encoded = await this.#engine.encode(inputs(text), options);
    return one(
      text,
      encoded.map(({ tokens }) => tokens),
    );
  }

  /**
   * The classes of a text, or of each of several, with their logits and probabilities; of other tasks tokens, an answer or a vector.
   * @throws InvalidInput, InvalidOption, InputTooLong, EmptyInput; NonFiniteResult, OutOfMemory, DeviceLost, WorkerCrashed; Aborted, Disposed.
   */
  predict(text: Input, options?: PredictOptions): Promise<Prediction>;
  predict(texts: readonly Input[], options?: PredictOptions): Promise<Prediction[]>;
  async predict(text: Input | readonly Input[], given: PredictOptions = {}): Promise<Prediction | Prediction[]> {
    const options = this.#begin("predict", predictOptions, given);
    return one(text, await abortable(predict(this.#engine, inputs(text), options), options.signal));
  }

  /**
   * Which tokens a text's logit rests on, with its ledger. If an option is a list, so is each text's result: flat, methods
   * slowest, then targets, then reading points; each explanation says which it is. Other methods than propagation give
   * attributions, which have no ledger. With `each`, each token of a continuation is explained, as a matrix. Rules: Ali et
   * al. 2022, Achtibat et al. 2024, Bach et al. 2015; each method's source is in docs/understand/methods.md.
   * @throws what predict() throws.
   */
  explain(text: Input, options?: ExplainOptions): Promise<Explanation>;
  explain(texts: readonly Input[], options?: ExplainOptions): Promise<Explanation[]>;
  explain(text: Input, options: AnswerOptions): Promise<AnswerMatrix>;
  explain(texts: readonly Input[], options: AnswerOptions): Promise<AnswerMatrix[]>;
  explain(text: Input, options: ExplainLists): Promise<Explanation[]>;
  explain(texts: readonly Input[], options: ExplainLists): Promise<Explanation[][]>;
  explain(text: Input, options: AttributeOptions): Promise<Attribution>;
  explain(texts: readonly Input[], options: AttributeOptions): Promise<Attribution[]>;
  explain(text: Input, options: AttributeLists): Promise<Attribution[]>;
  explain(texts: readonly Input[], options: AttributeLists): Promise<Attribution[][]>;
  explain(text: Input, options: MethodLists): Promise<Explanation[] | Attribution[]>;
  explain(texts: readonly Input[], options: MethodLists): Promise<Explanation[][] | Attribution[][]>;
  explain(texts: readonly Input[], options: MethodOptions): Promise<Explanation[] | Attribution[]>;
  explain(text: Input, options: MethodOptions): Promise<Explanation | Attribution>;
  async explain(text: Input | readonly Input[], given: AnyOptions = {}): Promise<unknown> {
    const options = this.#begin("explain", explainOptions, given);
    return one(text, await abortable(explain(this.#engine, inputs(text), options), options.signal));
  }

  /**
   * Generates a continuation of a text; with `explain`, each token has its explanation, or
   * with `explain: { each: true }` all of them together are a matrix. For causal language models.
   * @throws what predict() throws; InvalidOption for models of other tasks, ChatUnsupported.
   */
  generate(
    text: Prompt,
    options: GenerateOptions & { explain: { each: true } },
  ): Promise<Generation & { matrix: AnswerMatrix }>;
  generate(text: Prompt, options: GenerateOptions & { explain: true | object }): Promise<Generation<ExplainedToken>>;
  generate(text: Prompt, options?: GenerateOptions): Promise<Generation>;
  async generate(text: Prompt, given: GenerateOptions = {}): Promise<Generation> {
    const { modelOptions } = await import("./methods.ts");
    const options = this.#begin("generate", modelOptions.generate, given);
    return finite(await (await import("../generate/generate.ts")).generate(this.#engine, text, options));
  }

  /**
   * The same as tokens to loop over as they come: `for await (const token of model.stream(text))`. Who leaves the loop ends the
   * work; what the iterator returns at last is the generation.
   * @throws what generate() throws.
   */
  stream(
    text: Prompt,
    options: GenerateOptions & { explain: true | object },
  ): AsyncGenerator<ExplainedToken, Generation<ExplainedToken>, void>;
  stream(text: Prompt, options?: GenerateOptions): AsyncGenerator<GeneratedToken, Generation, void>;
  async *stream(text: Prompt, options: GenerateOptions = {}): AsyncGenerator<GeneratedToken, Generation, void> {
    const { stream } = await import("../generate/stream.ts");
    return yield* stream((own) => this.generate(text, own), options);
  }

  /**
   * What goes on inside while a text is read, or each of several: how alike its tokens become, what attention looks at,
   * ranks, gradients of weights. `compareTo` is another model: `weights` are then of the difference of both models' matrices.
   * Measures of Dong et al. 2021, Noci et al. 2022, Chi et al. 2023.
   * @throws what predict() throws.
   */
  diagnose(text: Input, options?: DiagnoseOptions): Promise<Diagnosis>;
  diagnose(texts: readonly Input[], options?: DiagnoseOptions): Promise<Diagnosis[]>;
  async diagnose(text: Input | readonly Input[], given: DiagnoseOptions = {}): Promise<unknown> {
    return this.#inside("diagnose", text, given);
  }

  /**
   * The logit lens: what the model would predict if it ended after fewer blocks, by its last norm and head on the stream at
   * each block. For language models, causal or masked.
   */
  lens(text: Input, options?: LensOptions): Promise<Lens>;
  lens(texts: readonly Input[], options?: LensOptions): Promise<Lens[]>;
  async lens(text: Input | readonly Input[], given: LensOptions = {}): Promise<unknown> {
    return this.#inside("lens", text, given);
  }

  /** Where the time of all runs so far went, kernel by kernel; undefined unless the model was loaded with `profile`. */
  profile(): Timing[] | undefined {
    const { profile } = this.#engine.parts.backend;
    return profile && [...profile.values()];
  }

  /** Frees the model's memory, once the run under way has ended. */
  dispose(): Promise<void> {
    return this.#engine.dispose();
  }

  /** `await using model = await load(…)` disposes at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** A call's options. Throws what keeps it from beginning: a wrong option, `Disposed`, `Aborted`. */
  #begin<O extends { signal?: AbortSignal }>(call: string, fields: Fields, given: O): O {
    const options = checked(`${call}()`, fields, given);
    this.#engine.throwIfDisposed();
    throwIfAborted(options.signal);
    return options;
  }

  /** Of calls that many pages do without. */
  async #inside(call: keyof typeof insides, text: Input | readonly Input[], given: InsideOptions): Promise<unknown> {
    const { insides, modelOptions } = await import("./methods.ts");
    const options = this.#begin(call, modelOptions[call], given);
    const other = options.compareTo && Model.#engineOf(options.compareTo);
    const results: Promise<unknown[]> = insides[call](this.#engine, inputs(text), options as never, other);
    return one(text, await abortable(results, options.signal));
  }

  static #engineOf(model: Model): Engine {
    if (#engine in Object(model)) return model.#engine;
    throw new RelpropError("InvalidOption", "`compareTo` is a model from load() in this thread, in no worker");
  }
}

const isList = (given: Input | readonly Input[]): given is readonly Input[] => Array.isArray(given);

/** Throws `InvalidInput` at what lets nobody read it. */
function inputs(given: Input | readonly Input[]): readonly Input[] {
  try {
    if (!isList(given)) return [given];
    const list = elements(given);
    if (list) return list;
  } catch (cause) {
    throw unreadable("the list of inputs", cause);
  }
  throw new RelpropError("InvalidInput", "the list of inputs has an empty slot or undefined");
}

/** What was asked of one text is answered with one result. No number in it is NaN or infinite. */
const one = <R>(text: Input | readonly Input[], results: R[]): R | R[] => finite(isList(text) ? results : results[0]);
