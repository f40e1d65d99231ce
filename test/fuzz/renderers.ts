// Explanations, diagnoses and evaluations of hostile texts, with hostile strings and numbers forged in: markup that a strict
// parser and a whitelist take and that says what was given, lines that a terminal only prints, or an error with a code. The
// first cases put one payload each into every place. Chromium reads all markup too, where there is one.

import * as assert from "uvu/assert";
import { evaluate, plot, table } from "../../src/evaluate.ts";
import { ansi, charts, type Explanation, html, load, type Model, png, svg } from "../../src/index.ts";
import { diagnosisTable } from "../../src/render/charts.ts";
import { visible } from "../../src/render/text.ts";
import type { Random } from "../corpus/safetensors-mutants.ts";
import { payloads } from "../payloads.ts";
import * as clouds from "../point-models.ts";
import {
  all,
  checkAnsi,
  checkChart,
  checkFigure,
  checkPage,
  content,
  figure,
  heatmap,
  letters,
  type Node,
  only,
  walk,
} from "../render-oracles.ts";
import { Browser, type Markup } from "./shared/browser.ts";
import { coded, type Fuzzer, type Outcome, pick, told } from "./shared/fuzzer.ts";
import { hostile } from "./shared/hostile.ts";
import { stored } from "./shared/models.ts";
import { text, units } from "./shared/texts.ts";

type Kind = "explanation" | "diagnosis" | "evaluation";
const bases: [Kind, unknown][] = [];
let plain: Explanation;
let model: Model;
let browser: Browser | undefined;

async function begin(): Promise<void> {
  model = await load(stored("bert-sequence"), { backend: "wasm" });
  const add = async (found: Promise<unknown>, kind: Kind = "explanation") => bases.push([kind, await found]);
  plain = await model.explain("a small text", { contrast: 1, target: 0 });
  bases.push(["explanation", plain]);
  await add(model.explain("a text. words", { groups: "words", layers: true }));
  await add(model.explain("a text", { method: "saliency" }));
  await add(model.diagnose("a small text"), "diagnosis");
  await add(model.diagnose("a small text", { weights: true, tokens: [1] }), "diagnosis");
  const examples = [0, 1].map((label) => ({ text: "a small text", label }));
  await add(evaluate(model, examples, { methods: ["random", "cp-lrp"], protocol: "ali2022-fixed" }), "evaluation");
  const others: [source: Parameters<typeof load>[0], ask: (other: Model) => Promise<unknown>][] = [
    [stored("gpt2-lm"), (other) => other.explain("a text", { continuation: " a", contrast: " text" })],
    [
      stored("bert-embedding"),
      (other) => other.explain("a text", { objective: { cosine: "text" }, interactions: true }),
    ],
    [stored("vit-image"), (other) => other.explain(pixels)],
    [stored("vit-image"), (other) => other.explain(pixels, { pixels: true })],
    [clouds.model().files, (other) => other.explain({ points: clouds.cloud(30, 1) })],
  ];
  for (const [source, ask] of others) {
    const other = await load(source, { backend: "wasm" });
    await add(ask(other));
    await other.dispose();
  }
  browser = await Browser.start();
  if (!browser) console.error("renderers: there is NO CHROMIUM here, so no browser reads what is drawn");
}

const pixels = { data: Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => (37 * i) % 256), width: 24, height: 24 };

async function end(): Promise<void> {
  await browser?.close();
  await model.dispose();
}

// Forging

const numbers = [0, -0, 1, -1, 0.5, 5e-324, 1e-320, 1e-300, 1e7, 1e21, 1e300, -1.7e308, 1.7e308, 2 ** 31, 2 ** 53];

const anyString = (random: Random): string =>
  pick(random, [() => pick(random, payloads), () => text(random, 13), () => units(random)])();

/** Every string and number in it, by what holds them. */
function leaves(value: object, into: [holder: Record<string, unknown>, name: string][] = []): typeof into {
  for (const [name, own] of Object.entries(value)) {
    if (typeof own === "object" && own !== null) leaves(own, into);
    else if (typeof own === "string" || typeof own === "number") into.push([value as Record<string, unknown>, name]);
  }
  return into;
}

function forged<T extends object>(random: Random, base: T): T {
  const copy = structuredClone(base);
  const found = leaves(copy);
  for (let n = random(6); n; n--) {
    const [holder, name] = pick(random, found);
    if (random(25) === 0) holder[name] = pick(random, hostile());
    else if (typeof holder[name] === "string") holder[name] = anyString(random);
    else holder[name] = random(12) ? pick(random, numbers) : pick(random, [NaN, Infinity, -Infinity]);
  }
  const { tokens, warnings } = copy as unknown as Explanation;
  if (Array.isArray(tokens) && random(2))
    for (const token of tokens) if (random(3) === 0) Object.assign(token, { text: anyString(random) });
  if (Array.isArray(warnings) && random(3) === 0) warnings.push(anyString(random));
  return copy;
}

// What is drawn

/** What of a text is drawn: all that was read, and of longer stretches that were not, how much more there is. */
function whole(drawn: string, given: string): void {
  const notes = / … \[(\d+) more characters, not read\] /g;
  let at = 0;
  let from = 0;
  for (const note of drawn.matchAll(notes)) {
    const part = drawn.slice(from, note.index);
    if (visible(given, "↵\n").startsWith(drawn)) break; // the text itself says so
    assert.is(part, visible(given.slice(at, at + lengthOf(part, given, at)), "↵\n"));
    at += lengthOf(part, given, at) + Number(note[1]);
    from = note.index + note[0].length;
  }
  assert.is(drawn.slice(from), visible(given.slice(at), "↵\n"), "the text that is drawn");
}

/** How many UTF-16 units of the text, from `at` on, are drawn as this. */
function lengthOf(drawn: string, given: string, at: number): number {
  let [left, n] = [drawn.length, 0];
  for (const character of given.slice(at)) {
    if (left <= 0) break;
    left -= visible(character, "↵\n").length;
    n += character.length;
  }
  return n;
}

interface Drawn {
  markup: Markup[];
  what: string;
}

async function draw(kind: Kind, given: object, random: Random): Promise<Drawn> {
  const markup: Markup[] = [];
  const seen: string[] = [];
  const attempt = async (name: string, doing: () => void) => {
    const outcome = await coded(async () => doing());
    if (outcome !== "right") seen.push(`${name} ${outcome}`);
  };
  const drew = (as: Markup["as"], source: string, tree: Node) => markup.push({ as, source, tree });
  if (kind === "diagnosis") {
    await attempt("charts", () => {
      const source = charts(given as never);
      drew("svg", source, checkChart(source));
    });
    await attempt("table", () => lines(diagnosisTable(given as never)));
  } else if (kind === "evaluation") {
    await attempt("plot", () => {
      const source = plot(given as never);
      drew("svg", source, checkChart(source));
    });
    await attempt("table", () => lines(table(given as never)));
  } else {
    const explanation = given as Explanation;
    const isText = !explanation.image && typeof explanation.text === "string";
    await attempt("html", () => {
      const source = html(explanation);
      const tree = checkPage(source);
      if (isText) whole(content(heatmap(tree)), explanation.text);
      assert.is(all(only(tree, "table", "id", "tokens"), "tr").length, explanation.tokens.length + 1);
      drew("html", source, tree);
    });
    await attempt("svg", () => {
      const source = svg(explanation);
      const tree = checkFigure(source);
      if (isText && explanation.text.length <= 400) assert.is(figure(tree), letters(visible(explanation.text)));
      drew("svg", source, tree);
    });
    const width = 10 + random(150);
    await attempt("ansi", () => {
      ansi(explanation, { width });
      checkAnsi(explanation, width);
    });
    if (explanation.image)
      await attempt("png", () => assert.is(png(explanation, random(2) ? pixels : undefined)[1], 0x50));
  }
  return { markup, what: seen.length ? [...new Set(seen.map((one) => one.split(" ")[1]))].join() : "right" };
}

/** A table for a terminal: no line of it holds anything that acts. */
function lines(table: string): void {
  for (const line of table.split("\n")) assert.is(visible(line), line);
}

/** A payload in every place that a stranger has a say in: as many elements as with a plain word there. */
async function placed(payload: string): Promise<Drawn> {
  const message = await model.explain("a text", { target: payload }).then(
    () => payload,
    (error) => error.message,
  );
  const places = (word: string, error: string): Explanation[] => [
    { ...plain, tokens: plain.tokens.map((token) => ({ ...token, text: word })) },
    { ...plain, target: { ...plain.target, label: word } },
    { ...plain, explained: { objective: "cosine", value: 0.5, other: word } },
    { ...plain, model: word },
    { ...plain, warnings: [error] },
  ];
  const markup: Markup[] = [];
  const usual = places("x", "x");
  for (const [i, explanation] of places(payload, message).entries()) {
    for (const [as, drawing, read] of [
      ["html", html, checkPage],
      ["svg", svg, checkFigure],
    ] as const) {
      const source = drawing(explanation);
      const tree = read(source);
      if (as === "html") assert.is(walk(tree).length, walk(read(drawing(usual[i]))).length, "as many elements");
      const word = visible(i === 4 ? message : payload);
      if (as === "html") assert.ok(content(tree).includes(word), "the payload as text");
      markup.push({ as, source, tree });
    }
    checkAnsi(explanation, 60);
  }
  return { markup, what: "a payload in every place" };
}

export const fuzzer: Fuzzer = {
  begin,
  end,
  async one(random, i): Promise<Outcome> {
    const payload = payloads[i];
    const [kind, base] = pick(random, bases);
    let given: object = {};
    try {
      if (payload === undefined) {
        given = random(4)
          ? (base as object)
          : await model.explain(text(random, 13), { truncate: true, groups: "words" });
        assert.equal(JSON.parse(JSON.stringify(given)), given, "JSON and back");
        given = forged(random, given);
      }
      const { markup, what } =
        payload === undefined ? await draw(kindOf(given, kind), given, random) : await placed(payload);
      await browser?.read(markup);
      // Documents of their own take time: all payloads, and some of the rest.
      if (payload !== undefined || i % 16 === 0) await browser?.load(markup);
      return { bytes: 2 ** 21 + 40 * JSON.stringify(markup.map(({ source }) => source)).length, what, of: kind };
    } catch (error) {
      throw told(error, JSON.stringify(payload ?? given));
    }
  },
};

const kindOf = (given: object, kind: Kind): Kind =>
  "tokens" in given && "target" in given && !("stream" in given) ? "explanation" : kind;
