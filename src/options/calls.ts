// What each option of each call may be. Types and their comments say what options mean; `satisfies` keeps both in step.

import type { AttributeOptions } from "../attribution/methods.ts";
import type { DiagnoseOptions } from "../diagnose/diagnose.ts";
import type { ChooseOptions } from "../evaluate/choose.ts";
import type { EvaluateOptions } from "../evaluate/evaluate.ts";
import type { RandomizedOptions } from "../evaluate/randomized.ts";
import type { ExplainOptions, PredictOptions } from "../explain/request.ts";
import type { GenerateOptions } from "../generate/generate.ts";
import type { AnsiOptions } from "../render/ansi.ts";
import type { PictureOptions } from "../render/overlay.ts";
import type { LoadOptions } from "../runtime/worker/client.ts";
import {
  absent,
  anything,
  bytes,
  callback,
  either,
  flag,
  having,
  type Kind,
  list,
  number,
  object,
  oneOf,
  oneOrMore,
  record,
  signal,
  text,
  tuple,
  whole,
} from "./kinds.ts";

type Of<Options> = Record<keyof Options, Kind>;

/** The most that blocks of a looped model can be run. */
export const MOST_LOOPS = 4096;
/** The most threads of the WASM backend. */
export const MOST_THREADS = 64;

const finite = number("a finite number", -Number.MAX_VALUE, Number.MAX_VALUE);
const className = either(text, whole(0));
/** In a list undefined stands for the default: the top class, no contrast. */
const classNames = either(className, list(either(className, absent), 1));
const model = having("a model that load() gave here", "predict");
const at = oneOf("embeddings", "embedding-sum", "words", "pixels", "points");
const places = list(tuple("[block, place]", whole(0), whole(0)));

/** A rule's name, or its name with options. */
const rule = either(text, tuple("[rule, options]", text, record("an object of numbers", finite)));
export const composite = record("an object with a rule for each op", rule);
/** A method that propagates, one of your own, or another one with options. */
const method = either(text, composite, record("a method with its options", either(text, finite)));

const read = { signal, onProgress: callback };

/** Of load() in this thread, and of serve(). */
export const loadHere = {
  ...read,
  backend: oneOf("auto", "webgpu", "wasm"),
  gpu: having("WebGPU's entry point", "requestAdapter"),
  device: having("a GPUDevice", "createBuffer"),
  wasm: anything,
  deterministic: flag,
  threads: whole(1, MOST_THREADS),
  profile: flag,
  cache: either(flag, text, having("a Cache", "match", "put")),
  integrity: record("SHA-256 by file name", text),
  stallTimeout: number("a number of milliseconds above 0", Number.MIN_VALUE),
  fetch: callback,
  narrow: flag,
  name: text,
} satisfies Of<Omit<LoadOptions, "worker">>;

export const load = { ...loadHere, worker: either(flag, having("a Worker", "postMessage")) } satisfies Of<LoadOptions>;

const predict = {
  signal,
  truncate: flag,
  loops: whole(0, MOST_LOOPS),
  without: { ...object({ heads: places, neurons: places }), must: "{ heads, neurons }, each a list of [block, place]" },
} satisfies Of<PredictOptions>;

const explain = {
  ...predict,
  method: oneOrMore(method),
  target: classNames,
  token: either(whole(0), text),
  continuation: text,
  contrast: classNames,
  of: either(
    oneOf("logit", "log-probability", "softmax-contrast"),
    ...["distance", "dot", "cosine"].map((name) => object({ [name]: anything }, name)),
  ),
  at: oneOrMore(at),
  layers: flag,
  groups: either(oneOf("words", "sentences"), list(object({ start: whole(0), end: whole(0) }, "start", "end"))),
  heads: flag,
  neurons: either(whole(1), object({ top: whole(1), token: whole(0) }, "top")),
  pairs: flag,
  pixels: flag,
  points: flag,
  interactions: flag,
  onProgress: callback,
} satisfies Of<ExplainOptions & AttributeOptions>;

/** Of explain() by methods that do not propagate. */
export const attribute = {
  ...predict,
  method: explain.method,
  target: explain.target,
  token: explain.token,
  contrast: explain.contrast,
  groups: explain.groups,
  at: oneOrMore(oneOf("embeddings")),
  onProgress: callback,
} satisfies Of<AttributeOptions & Pick<ExplainOptions, "loops" | "without" | "token">>;

const explained = { ...explain, method, contrast: className, at };
const each = ["method", "contrast", "at", "layers", "groups", "heads", "neurons"] as const;

const generate = {
  signal,
  maxTokens: whole(0),
  temperature: number("a finite number from 0", 0, Number.MAX_VALUE),
  topK: whole(1),
  topP: number("a number above 0 and at most 1", Number.MIN_VALUE, 1),
  seed: whole(0),
  explain: either(flag, object(Object.fromEntries(each.map((name) => [name, explained[name]])))),
  onProgress: callback,
} satisfies Of<GenerateOptions>;

const diagnose = {
  ...predict,
  target: className,
  contrast: className,
  tokens: list(whole(0)),
  weights: flag,
  since: model,
} satisfies Of<DiagnoseOptions>;

/** Of a model's calls. */
export const calls = { tokenize: predict, predict, explain, generate, diagnose };

export const evaluate = {
  ...read,
  protocol: text,
  methods: either(list(text), record("methods by name", method)),
  at,
  seed: whole(-Number.MAX_SAFE_INTEGER),
  baseline: text,
  truncate: flag,
  randomized: list(model),
  journal: having("a journal { read, append }", "read", "append"),
} satisfies Of<EvaluateOptions>;

export const chooseMethod = {
  ...read,
  protocol: text,
  methods: list(text),
  at,
  seed: evaluate.seed,
  truncate: flag,
} satisfies Of<ChooseOptions>;

export const randomized = {
  ...read,
  cache: load.cache,
  integrity: load.integrity,
  stallTimeout: load.stallTimeout,
  fetch: callback,
  seed: evaluate.seed,
} satisfies Of<RandomizedOptions>;

/** Of html() and svg(). */
export const picture = { picture: either(text, bytes) } satisfies Of<PictureOptions>;

export const ansi = {
  color: oneOf("truecolor", "256", "none"),
  width: number("a number"),
} satisfies Of<AnsiOptions>;
