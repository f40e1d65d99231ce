// Every option and argument of every call with values that are hostile: an answer, an error with a code, or what the caller's
// own callback, getter or proxy threw.

import { chooseOptions, evaluateOptions, randomizedOptions } from "../../src/evaluate/options.ts";
import { chooseMethod, evaluate, plot, randomized, table } from "../../src/evaluate.ts";
import { ansi, charts, fragment, html, load, type Model, png, segments, serve, svg } from "../../src/index.ts";
import { ansiOptions, figureOptions, fragmentOptions, pageOptions, segmentOptions } from "../../src/render/options.ts";
import { modelOptions } from "../../src/runtime/methods.ts";
import { loadOptions, localOptions } from "../../src/runtime/options.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { coded, type Fuzzer, pick } from "./shared/fuzzer.ts";
import { hostile, Own } from "./shared/hostile.ts";
import { looped, stored } from "./shared/models.ts";

type Call = (first: unknown, options: unknown) => unknown;

const sources = [stored("bert-sequence"), stored("gpt2-lm"), stored("vit-image"), stored("bert-embedding"), looped];
const inputs: unknown[] = [
  "a small text",
  { data: new Uint8Array(24 * 24 * 3), width: 24, height: 24 },
  { rows: [[1, 2, 3, 4]] },
];

/** A call, its usual first arguments, and its options. */
type Target = readonly [call: Call, first: readonly unknown[], options: readonly string[]];
let targets: readonly Target[] = [];

const cast = (call: unknown) => call as Call;

async function begin(): Promise<void> {
  const models: Model[] = [];
  for (const source of sources) models.push(await load(source, { backend: "wasm" }));
  const [model] = models;
  const explanation = await model.explain("a small text", { groups: "words", layers: true });
  const diagnosis = await model.diagnose("a small text");
  const examples = [
    { text: "a small text", label: 0 },
    { text: "a text", label: 1 },
  ];
  const quick = { methods: ["random"], protocol: "ali2022-fixed" } as const;
  const evaluation = await evaluate(model, examples, quick);
  const called = models.flatMap((one): Target[] =>
    Object.entries(modelOptions).map(([name, fields]) => {
      const call = one[name as keyof typeof modelOptions].bind(one);
      return [cast(call), [...inputs, ["a small text", "text"]], Object.keys(fields)];
    }),
  );
  const own = (fields: object) => Object.keys(fields);
  const worker = async (first: unknown, options: unknown) => {
    const made = (await load(first as never, { backend: "wasm", ...(options as object) })) as Model;
    await made.dispose();
  };
  targets = [
    ...called,
    ...called,
    [worker, sources, own(loadOptions).filter((name) => name !== "worker")],
    [cast(serve), [], own(localOptions)],
    [
      (first, options) => evaluate(model, first as never, { ...quick, ...(options as object) }),
      [examples],
      own(evaluateOptions),
    ],
    [
      (first, options) => chooseMethod(model, first as never, { ...quick, ...(options as object) }),
      [examples],
      own(chooseOptions),
    ],
    [(first, options) => randomized(first as never, options as never).next(), sources, own(randomizedOptions)],
    [cast(html), [explanation], own(pageOptions)],
    [cast(svg), [explanation], own(figureOptions)],
    [cast(fragment), [explanation], own(fragmentOptions)],
    [cast(segments), [explanation], own(segmentOptions)],
    [cast(ansi), [explanation], own(ansiOptions)],
    [cast(png), [explanation], []],
    [cast(charts), [diagnosis], []],
    [cast(plot), [evaluation], []],
    [cast(table), [evaluation], []],
  ];
}

/** Whether a class was given as a callback, which throws when it is called. */
const isOwnClass = (error: unknown) =>
  error instanceof TypeError && /^Class constructors? .*cannot be invoked without 'new'/.test(error.message);

const calledServe = (call: Call) => call === cast(serve);

export const fuzzer: Fuzzer = {
  begin,
  async one(random: Random) {
    const values = hostile();
    const [call, firsts, names] = pick(random, targets);
    const first = firsts.length && random(6) ? pick(random, firsts) : pick(random, values);
    const options: Record<string, unknown> = {};
    for (let n = 1 + random(2); names.length && n; n--) options[pick(random, names)] = pick(random, values);
    const given = random(12) ? options : pick(random, values);
    const args = calledServe(call) ? [given, undefined] : [first, given];
    try {
      return { bytes: 2 ** 20, what: await coded(async () => call(args[0], args[1])) };
    } catch (error) {
      if (error instanceof Own || isOwnClass(error)) return { bytes: 0, what: "the caller's own" };
      if (error instanceof Error) error.message += `; ${shown(call, args)}`;
      throw error;
    }
  },
};

const shown = (call: Call, args: readonly unknown[]) => `${call.name}(${args.map((one) => described(one)).join(", ")})`;

function described(value: unknown): string {
  try {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return `{ ${Object.keys(value)
        .slice(0, 9)
        .map((name) => `${name}: ${small((value as Record<string, unknown>)[name])}`)} }`;
    }
    return small(value);
  } catch {
    return "what cannot be shown";
  }
}

function small(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 60);
  } catch {
    return typeof value;
  }
}
