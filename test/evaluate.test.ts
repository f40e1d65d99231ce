// Evaluation: every protocol restated slowly, one forward at a time, on a random model of three classes; what holds of
// intervals, orders, data files and journals.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MethodName } from "../src/attribution/names.ts";
import { interval } from "../src/evaluate/bootstrap.ts";
import { open } from "../src/evaluate/journal.ts";
import type { EvaluateOptions } from "../src/evaluate/options.ts";
import type { ProtocolName } from "../src/evaluate/protocol.ts";
import { kendall, spearman } from "../src/evaluate/ranks.ts";
import {
  chooseMethod,
  type Evaluation,
  evaluate,
  type Interval,
  plot,
  randomized,
  readExamples,
  table,
} from "../src/evaluate.ts";
import { method as known } from "../src/propagation/composites.ts";
import { uniform } from "../src/random.ts";
import { load } from "../src/runtime/load.ts";
import type { Model } from "../src/runtime/model.ts";
import { unpack } from "./checkpoint.ts";
import { code } from "./shipped.ts";
import { close, places } from "./support.ts";

const folder = new URL("reference/tiny/gelu-new-3-labels/", import.meta.url);
const model = await load(folder, places[0]);
const test = suite("evaluation");
test.after(() => model.dispose());

const examples = [
  { text: "The sea, the sea!", label: 0 },
  { text: "not a bad movie. It is hard to say", label: 2 },
  { text: "sea", label: 1 },
  { text: "It is a film, and a good one, for those who like the sea", label: "1" },
];
const names = ["cp-lrp", "gradient-x-input"] as const;
const TOLERANCE = 1e-5; // of a metric; a batch may differ from one text in the last bits

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const figure = (evaluation: Evaluation, name: string, metric: string) =>
  (evaluation.methods[name][metric] as Interval).mean;

/** The model, and how many texts each predict() was of. */
function spied(): { spy: Model; calls: number[] } {
  const calls: number[] = [];
  const spy = new Proxy(model, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (name === "predict") calls.push(Array.isArray(args[0]) ? args[0].length : 1);
        return value.apply(target, args);
      };
    },
  });
  return { spy, calls };
}

/** What a slow protocol knows of one text. */
interface Known {
  ids: number[];
  special: boolean[];
  relevance: number[];
  target: number;
  /** Logits of the text with these ids. */
  logits(ids: number[]): Promise<number[]>;
}

const softmax = (logits: number[]) => {
  const weights = logits.map((z) => Math.exp(z));
  return weights.map((w) => w / sum(weights));
};

/** The area under points a tenth apart. */
function area(ys: number[]): number {
  let whole = 0;
  for (let i = 1; i < ys.length; i++) whole += 0.1 * 0.5 * (ys[i - 1] + ys[i]);
  return whole;
}

/** The positions of `relevance` from the largest key down; keys are apart in these texts. */
const ranked = (positions: number[], key: (j: number) => number) => [...positions].sort((a, b) => key(b) - key(a));

async function ali({ ids, special, relevance, target, logits }: Known, all: boolean) {
  const unk = model.specialIds.unk!;
  const free = ids.map((_, j) => j).filter((j) => all || !special[j]);
  const y0 = await logits(ids);
  const [E, M, P]: number[][] = [[], [], []];
  for (let k = 0; k <= 10; k++) {
    const n = Math.ceil(k * 0.1 * free.length);
    const shown = ids.map((id, j) => (free.includes(j) ? unk : id));
    for (const j of ranked(free, (j) => relevance[j]).slice(0, n)) shown[j] = ids[j];
    E.push(softmax(await logits(shown))[target]);
    const left = [...ids];
    for (const j of ranked(free, (j) => -Math.abs(relevance[j])).slice(0, n)) left[j] = unk;
    const y = await logits(left);
    P.push(softmax(y)[target]);
    M.push(sum(y.map((v, c) => (y0[c] - v) ** 2)));
  }
  return { auac: area(E), auMse: area(M), aupc: area(P) };
}

const slow: Partial<Record<ProtocolName, { label?: true; score(known: Known): Promise<Record<string, number>> }>> = {
  ali2022: { label: true, score: (known) => ali(known, true) },
  "ali2022-fixed": { score: (known) => ali(known, false) },
  achtibat2024: {
    async score({ ids, relevance, target, logits }) {
      const curve = async (sign: number) => {
        const ys: number[] = [];
        for (let k = 0; k <= 10; k++) {
          const left = [...ids];
          const order = ranked([...ids.keys()], (j) => sign * relevance[j]);
          for (const j of order.slice(0, Math.ceil(k * 0.1 * ids.length))) left[j] = -1;
          ys.push((await logits(left))[target]);
        }
        return area(ys);
      };
      const [morf, lerf] = [await curve(1), await curve(-1)];
      return { areaBetween: lerf - morf, morf, lerf };
    },
  },
  aopc: {
    async score({ ids, special, relevance, target, logits }) {
      const mask = model.specialIds.mask ?? model.specialIds.unk!;
      const free = [...ids.keys()].filter((j) => !special[j]);
      const p0 = softmax(await logits(ids))[target];
      const [comprehensiveness, sufficiency]: number[][] = [[], []];
      for (const share of [0.01, 0.05, 0.1, 0.2, 0.5]) {
        const top = ranked(free, (j) => relevance[j]).slice(0, Math.ceil(share * free.length));
        const without = ids.map((id, j) => (top.includes(j) ? mask : id));
        const alone = ids.map((id, j) => (free.includes(j) && !top.includes(j) ? mask : id));
        comprehensiveness.push(p0 - softmax(await logits(without))[target]);
        sufficiency.push(p0 - softmax(await logits(alone))[target]);
      }
      return { comprehensiveness: mean(comprehensiveness), sufficiency: mean(sufficiency) };
    },
  },
  loo: {
    async score({ ids, special, relevance, target, logits }) {
      const free = [...ids.keys()].filter((j) => !special[j]);
      const whole = (await logits(ids))[target];
      const falls: number[] = [];
      for (const j of free) {
        const without = [...ids];
        without[j] = model.specialIds.unk!;
        falls.push(whole - (await logits(without))[target]);
      }
      // τ-b: words that the vocabulary lacks are [UNK] already, and their falls of zero are ties.
      const signs = (values: number[]) => values.flatMap((v, a) => values.slice(0, a).map((w) => Math.sign(v - w)));
      const [x, y] = [signs(free.map((j) => relevance[j])), signs(falls)];
      const untied = (list: number[]) => list.filter((sign) => sign !== 0).length;
      return { tau: sum(x.map((sign, i) => sign * y[i])) / Math.sqrt(untied(x) * untied(y)) };
    },
  },
};

for (const [protocol, { label, score }] of Object.entries(slow) as [
  ProtocolName,
  NonNullable<(typeof slow)[ProtocolName]>,
][]) {
  test(`${protocol}, restated`, async () => {
    const evaluation = await evaluate(model, examples, { protocol, methods: names });
    assert.is(evaluation.examples, examples.length);
    for (const method of names) {
      const rows: Record<string, number>[] = [];
      for (const example of examples) {
        const target = label ? Number(example.label) : undefined;
        const { tokens, target: top } = await model.explain(example.text, { method, target });
        rows.push(
          await score({
            ids: tokens.map(({ id }) => id),
            special: tokens.map(({ special }) => special),
            relevance: tokens.map(({ relevance }) => relevance),
            target: top.index,
            async logits(ids) {
              const { classes } = await model.predict({ text: example.text, ids });
              return classes.map(({ logit }) => logit);
            },
          }),
        );
      }
      for (const metric of Object.keys(rows[0])) {
        const expected = mean(rows.map((row) => row[metric]).filter((v) => !Number.isNaN(v)));
        close([figure(evaluation, method, metric)], [expected], TOLERANCE, `${protocol}: ${method} ${metric}`, 1);
      }
      assert.equal(Object.keys(rows[0]).sort(), Object.keys(evaluation.metrics).sort());
      assert.is(evaluation.methods[method].forwardPasses, examples.length);
    }
  });
}

test("stability, restated on words apart by spaces", async () => {
  const text = "the SEA is , so they say , a good film .";
  const words = ["the", "sea", "is", "so", "they", "say", "a", "good", "film"];
  const edits = [text.toUpperCase(), text.toLowerCase(), "the SEA is   so they say   a good film .", text.slice(0, -2)];
  const target = (await model.explain(text)).target.index;
  const vector = async (edited: string) => {
    const { tokens } = await model.explain(edited, { target });
    let from = 0;
    return words.map((word) => {
      const start = edited.toLowerCase().indexOf(word, from);
      from = start + word.length;
      const inside = tokens.filter((token) => token.start !== null && token.start >= start && token.end! <= from);
      return sum(inside.map(({ relevance }) => relevance));
    });
  };
  const before = await vector(text);
  const cosines: number[] = [];
  for (const edited of edits) {
    const after = await vector(edited);
    const dot = (a: number[], b: number[]) => sum(a.map((v, i) => v * b[i]));
    cosines.push(dot(before, after) / Math.sqrt(dot(before, before) * dot(after, after)));
  }
  const evaluation = await evaluate(model, [{ text }], { protocol: "stability", methods: ["cp-lrp"] });
  close([figure(evaluation, "cp-lrp", "cosine")], [mean(cosines)], TOLERANCE, "stability", 1);
});

test("sanity: block after block from the top, the rest as it was", async () => {
  const bytes = new Uint8Array(readFileSync(new URL("model.safetensors", folder)));
  const own = unpack(bytes);
  const stages = ["head", "1", "0", "embed"];
  const stageOf = (name: string) => /layer\.(\d)/.exec(name)?.[1] ?? (name.includes("embed") ? "embed" : "head");
  const models: Model[] = [];
  for await (const files of randomized(folder, { seed: 3 })) {
    const stored = unpack(new Uint8Array(await (files["model.safetensors"] as Blob).arrayBuffer()));
    assert.equal([...stored.keys()], [...own.keys()]);
    for (const [name, { bytes }] of stored) {
      const before = own.get(name)!.bytes;
      const changed = bytes.some((byte, i) => byte !== before[i]);
      assert.is(changed, stages.indexOf(stageOf(name)) <= models.length, name);
      const sorted = (b: Uint8Array) => [...new Float32Array(b.slice().buffer)].sort((x, y) => x - y);
      assert.equal(sorted(bytes), sorted(before), name);
    }
    models.push(await load(files, places[0]));
  }
  assert.is(models.length, stages.length);

  const options: EvaluateOptions = { protocol: "sanity", methods: ["cp-lrp", "random"], randomized: models };
  const evaluation = await evaluate(model, examples.slice(0, 2), options);
  const expected: number[] = [];
  for (const { text } of examples.slice(0, 2)) {
    const { tokens, target } = await model.explain(text);
    const rank = (values: number[]) => values.map((v) => values.filter((w) => w < v).length);
    const rhos: number[] = [];
    for (const other of models) {
      const after = (await other.explain(text, { target: target.index })).tokens;
      const [a, b] = [tokens, after].map((list) => rank(list.map(({ relevance }) => relevance)));
      const n = a.length;
      rhos.push(1 - (6 * sum(a.map((r, i) => (r - b[i]) ** 2))) / (n * (n * n - 1)));
    }
    expected.push(mean(rhos));
  }
  close([figure(evaluation, "cp-lrp", "spearman")], [mean(expected)], TOLERANCE, "sanity", 1);
  assert.equal(evaluation.axis?.at, [0, 1, 2, 3, 4]);
  assert.is(evaluation.curves!["cp-lrp"].signed.length, 5);
  for (const one of models) await one.dispose();
  assert.is(await code(evaluate(model, examples, { protocol: "sanity" })), "InvalidOption");
});

test("a text's perturbations run together, each once", async () => {
  const { spy, calls } = spied();
  const evaluation = await evaluate(spy, [examples[0]], { methods: [...names, "random"] });
  assert.is(evaluation.methods.random.forwardPasses, 1);
  const { cost } = evaluation;
  const [longest, ...single] = calls.sort((a, b) => b - a);
  assert.equal(single, [1, 1, 1], "as it is for the fingerprint, for the scores, for the clock");
  const tokens = (await model.tokenize(examples[0].text)).length;
  assert.ok(longest <= 3 * 2 * Math.min(10, tokens - 1) + 1, `${longest} forwardPasses`);
  assert.is(cost.forwardPasses, longest);
  assert.ok(cost.speedup! > 0 && cost.secondsPerText > 0);
});

for (const place of places.slice(1)) {
  test(`the same on ${place.backend}`, async () => {
    const other = await load(folder, place);
    const two = examples.slice(0, 2);
    const [a, b] = [
      await evaluate(model, two, { methods: ["cp-lrp"] }),
      await evaluate(other, two, { methods: ["cp-lrp"] }),
    ];
    for (const metric of ["auac", "auMse", "aupc"]) {
      close([figure(b, "cp-lrp", metric)], [figure(a, "cp-lrp", metric)], TOLERANCE, `${place.backend}: ${metric}`, 1);
    }
    await other.dispose();
  });
}

test("random orders depend on the seed and the text alone", async () => {
  const run = async (seed: number, methods: MethodName[], list = examples) =>
    (await evaluate(model, list, { seed, methods })).methods.random.auac as Interval;
  const [a, b, c] = [await run(1, ["random"]), await run(1, ["cp-lrp", "random"]), await run(2, ["random"])];
  assert.equal(a, b);
  assert.is.not(a.mean, c.mean);
});

test("methods without a ledger, with options, and what they take", async () => {
  const occlusion = { name: "occlusion", baseline: "zero" } as const;
  const methods = { zero: occlusion, saliency: "saliency", "cp-lrp": "cp-lrp" } as const;
  const evaluation = await evaluate(model, examples, { methods, at: "words", protocol: "loo" });
  const tokens = await model.tokenize(examples.map(({ text }) => text));
  const { zero, saliency, "cp-lrp": propagated } = evaluation.methods;
  assert.is(zero.forwardPasses, sum(tokens.map((list) => list.length + 1)));
  const [one] = await model.explain([examples[0].text], { method: "saliency" });
  assert.is(saliency.forwardPasses, one.forwardPasses * examples.length);
  assert.is(propagated.forwardPasses, examples.length);
  // Leaving one out by [UNK] is what the protocol itself does.
  const same = await evaluate(model, examples, {
    methods: { unk: { name: "occlusion", baseline: "unk" } },
    protocol: "loo",
  });
  close([figure(same, "unk", "tau")], [1], TOLERANCE, "occlusion: its own order", 1);
});

test("methods of one's own, and slow ones by fewer examples", async () => {
  const methods = { mine: known("cp-lrp").composite, "cp-lrp": "cp-lrp", few: "cp-lrp:2" } as const;
  const evaluation = await evaluate(model, examples, { methods, baseline: "cp-lrp" });
  assert.equal(evaluation.methods.mine.auac, evaluation.methods["cp-lrp"].auac);
  assert.equal(evaluation.differences!.mine.auac, { mean: 0, low: 0, high: 0 });
  assert.equal(evaluation.differences!.few.auac, { mean: 0, low: 0, high: 0 });
  assert.equal(evaluation.limits, { few: 2 });
  const two = await evaluate(model, examples.slice(0, 2), { methods: ["cp-lrp"] });
  assert.equal(two.methods["cp-lrp"].auac, evaluation.methods.few.auac);
  assert.match(table(evaluation), /^few .* the first 2$/m);
  assert.match(plot(evaluation), /<polyline[^>]*><title>mine<\/title>/);
});

test("the method that a sample shows to be the most faithful", async () => {
  const { spy, calls } = spied();
  const texts = examples.map(({ text }) => text);
  const methods: MethodName[] = ["gradient-x-input", "cp-lrp", "attn-lrp"];
  const { method, why, evaluation } = await chooseMethod(spy, texts, { methods });
  const score = (name: string) => figure(evaluation, name, "auac");
  const best = methods.reduce((a, b) => (score(b) > score(a) ? b : a));
  assert.is(evaluation.baseline, best);
  assert.is(evaluation.protocol, "ali2022-fixed");
  // All take one pass, so the best is chosen; random takes none and is, where four texts cannot tell it from the best.
  assert.is(method, best);
  assert.match(why, new RegExp(`^${best}: auac 0\\.\\d{3} on 4 texts by ali2022-fixed, the best of 3 methods$`));
  const own = await evaluate(model, examples, { protocol: "ali2022-fixed", methods, baseline: best });
  assert.equal(evaluation.methods[best].auac, own.methods[best].auac);
  assert.equal(evaluation.differences, own.differences);
  const free = await chooseMethod(model, texts, { methods: [...methods, "random"] });
  const behind = free.evaluation.differences?.random.auac as Interval | undefined;
  assert.is(free.method === "random", !behind || behind.high >= 0);

  const before = calls.length;
  const again = await chooseMethod(spy, texts, { methods });
  assert.is(again.method, method);
  assert.is(calls.length, before, "remembered");
  await chooseMethod(spy, texts.slice(1), { methods });
  assert.ok(calls.length > before, "another sample");
  assert.is(await code(chooseMethod(model, [], {})), "InvalidInput");
  const flat = chooseMethod(model, ["sea"], { protocol: "loo" });
  assert.is(await code(flat), "InvalidInput", "one word has no order");
});

test("a model's last 8 choices are kept, not all", async () => {
  const choose = (i: number) => chooseMethod(model, [`the sea is good ${"very ".repeat(i)}`], { methods: ["random"] });
  const first = await choose(0);
  for (let i = 1; i < 8; i++) await choose(i);
  assert.is(await choose(0), first, "one of the last 8, and now the last");
  for (let i = 8; i < 15; i++) await choose(i);
  assert.is(await choose(0), first);
  for (let i = 0; i < 8; i++) await choose(15 + i);
  assert.is.not(await choose(0), first);
});

test("texts that are too long", async () => {
  const long = [{ text: "the sea is good ".repeat(model.maxTokens), label: 0 }];
  assert.is(await code(evaluate(model, long)), "InputTooLong");
  const { cost } = await evaluate(model, long, { truncate: true, methods: ["cp-lrp"] });
  assert.ok(cost.forwardPasses > 10);
});

test("what is wrong is said before anything runs", async () => {
  const bad: [EvaluateOptions, string][] = [
    [{ protocol: "ali2023" as "loo" }, "InvalidOption"],
    [{ methods: ["cp-lrp", "lime-tree" as "random"] }, "InvalidOption"],
    [{ methods: ["cp-lrp", "cp-lrp"] }, "InvalidOption"],
    [{ methods: [] }, "InvalidOption"],
    [{ methods: { mine: { name: "occlusion", baseline: "hand" as "unk" } } }, "InvalidOption"],
    [{ methods: { mine: { norm: ["identity"] as unknown as "identity" } } }, "InvalidOption"],
    [{ methods: ["cp-lrp"], baseline: "random" }, "InvalidOption"],
    [{ at: "logits" as "words" }, "InvalidOption"],
    [{ seed: 0.5 }, "InvalidOption"],
    [{ signal: AbortSignal.abort() }, "Aborted"],
  ];
  for (const [options, expected] of bad) assert.is(await code(evaluate(model, examples, options)), expected);
  assert.is(await code(evaluate(model, [])), "InvalidInput");
  assert.is(await code(evaluate(model, [{ text: "sea" }])), "InvalidInput");
  assert.is(await code(evaluate(model, [{ text: "sea", label: "wet" }])), "InvalidOption");
  const top = await evaluate(model, [{ text: "sea" }], { protocol: "ali2022-fixed", methods: ["random"] });
  assert.is(top.examples, 1);
});

test("a journal cut off at any place", async () => {
  const options = { methods: names, seed: 5 };
  const memory = (content = "") => ({
    content,
    async read() {
      return this.content;
    },
    async append(text: string) {
      this.content += text;
    },
  });
  const times = /"(seconds\w*|speedup)":[^,}]*,?/g;
  const result = (evaluation: Evaluation) => JSON.stringify(evaluation).replace(times, "");
  const whole = memory();
  const expected = result(await evaluate(model, examples, { ...options, journal: whole }));
  assert.is(result(await evaluate(model, examples, options)), expected);
  const lines = whole.content.split("\n").length - 1;
  assert.is(lines, 1 + examples.length);

  const seed = 7;
  const draw = uniform(seed);
  console.log(`\njournal seed ${seed}`);
  const ends = [...whole.content.matchAll(/\n/g)].flatMap(({ index }) => [index - 1, index, index + 1]);
  for (const end of [1, ...ends, ...Array.from({ length: 5 }, () => Math.floor(draw() * whole.content.length))]) {
    const cut = memory(whole.content.slice(0, end));
    const kept = cut.content.split("\n").filter((line) => whole.content.split("\n").includes(line) && line).length;
    assert.is(result(await evaluate(model, examples, { ...options, journal: cut })), expected, `cut at ${end}`);
    const again = cut.content.split("\n").filter((line) => line.startsWith('{"i"')).length;
    assert.ok(again <= examples.length + 1, "no row is made twice but the one that was cut");
    assert.ok(kept >= end / whole.content.length - 1);
  }

  const others: EvaluateOptions[] = [{ seed: 6 }, { methods: ["cp-lrp"] }, { at: "words" }, { protocol: "aopc" }];
  for (const other of others) {
    const content = whole.content;
    assert.is(await code(evaluate(model, examples, { ...options, ...other, journal: whole })), "InvalidOption");
    assert.is(whole.content, content);
  }
  assert.is(await code(evaluate(model, examples.slice(1), { ...options, journal: whole })), "InvalidOption");
  const foreign = memory('{"some":"other file"}\n');
  assert.is(await code(open(foreign, { seed: 1 })), "InvalidOption");
});

test("intervals", () => {
  const seed = 11;
  console.log(`\nintervals seed ${seed}`);
  const draw = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const values = Array.from({ length: 400 }, () => 3 + 2 * normal());
  const { mean: middle, low, high } = interval(values, seed);
  close([middle], [mean(values)], 1e-12, "mean");
  const deviation = Math.sqrt(mean(values.map((v) => (v - middle) ** 2)));
  const width = (2 * 1.96 * deviation) / Math.sqrt(values.length);
  assert.ok(Math.abs((high - low) / width - 1) < 0.08, `${high - low} wide, the normal law says ${width}`);
  assert.equal(interval([...values, Number.NaN], seed), interval(values, seed));
  assert.equal(interval([2, 2, 2], seed), { mean: 2, low: 2, high: 2 });
  assert.ok(Number.isNaN(interval([], seed).mean));
});

test("rank correlations", () => {
  assert.is(kendall([1, 2, 3, 4], [1, 2, 3, 4]), 1);
  assert.is(kendall([1, 2, 3, 4], [4, 3, 2, 1]), -1);
  close([kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])], [-0.4714045207910316], 1e-12, "τ-b with ties (SciPy's example)");
  close([spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])], [0.8207826816681233], 1e-12, "ρ with ties (SciPy's example)");
  assert.ok(
    Number.isNaN(kendall([1, 1], [1, 2])) && Number.isNaN(spearman([1, 1], [1, 2])) && Number.isNaN(kendall([], [])),
  );
});

test("data", () => {
  const two = [
    { text: "it 's good . ", label: "1" },
    { text: 'a "bad" one, ', label: "0" },
  ];
  assert.equal(readExamples('\ufeffsentence\tlabel\r\nit \'s good . \t1\r\na "bad" one, \t0\r\n', "tsv"), two);
  assert.equal(readExamples('label,text\n1,it \'s good . \n0,"a ""bad"" one, "\n', "csv"), two);
  assert.equal(readExamples('{"text":"it","label":1}\n\n{"sentence":"is"}', "jsonl"), [
    { text: "it", label: 1 },
    { text: "is" },
  ]);
  const wrong = {
    tsv: ["", "words\tlabel\na\t1", "text\tlabel\na", "text\tlabel\n"],
    csv: ['text,label\na,"1', 'text,label\n"a"b,1', "text,label\na,1,2"],
    jsonl: ["{", "[]", '{"text":1}', '{"text":"a","label":{}}', "null"],
  } as const;
  for (const [format, contents] of Object.entries(wrong)) {
    for (const content of contents) {
      assert.throws(
        () => readExamples(content, format as "csv"),
        (error: { code: string }) => error.code === "InvalidInput",
      );
    }
  }
  const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", "é", " ") });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), fc.boolean(), (rows, last) => {
      const written = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(","));
      const read = readExamples(`text,label\r\n${written.join("\r\n")}${last ? "\r\n" : ""}`, "csv");
      assert.equal(
        read,
        rows.map(([text, label]) => ({ text, label: label.trim() })),
      );
    }),
    { seed: 13 },
  );
});

test.run();
