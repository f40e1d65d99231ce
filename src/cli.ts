#!/usr/bin/env node

// relprop in a shell: explain, predict, generate, diagnose, lens, evaluate, inspect, quantize. Exit status 0; 1 for a failed run;
// 2 for wrong usage.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Attribution } from "./attribution/attribution.ts";
import { changes, diagnosed } from "./cli/diagnose.ts";
import { conversation, drawing, generated } from "./cli/generate.ts";
import { help } from "./cli/help.ts";
import { inspect } from "./cli/inspect.ts";
import { lensed } from "./cli/lens.ts";
import { alone, checkMethods, jsonFile, methodsOf } from "./cli/methods.ts";
import { loaded } from "./cli/model.ts";
import { integer } from "./cli/numbers.ts";
import { commands, meant, parse, type Values } from "./cli/options.ts";
import { predictionText } from "./cli/prediction.ts";
import { contents } from "./cli/read.ts";
import { save } from "./cli/save.ts";
import { stream } from "./cli/stream.ts";
import { paint, print, quiet } from "./cli/terminal.ts";
import { Failed, Usage } from "./cli/usage.ts";
import { type ErrorCode, quote, RelpropError } from "./errors.ts";
import type { Explanation } from "./explain/explanation.ts";
import { type ExplainLists, type ExplainOptions, explainOptions } from "./explain/options.ts";
import type { Input } from "./inputs/encoded.ts";
import { picture } from "./inputs/images/picture.ts";
import type { ReadingPoint } from "./models/family.ts";
import { checked } from "./options/kinds.ts";
import { listed } from "./options/lists.ts";
import { ansi } from "./render/ansi.ts";
import { html } from "./render/html.ts";
import type { By, FigureOptions } from "./render/options.ts";
import { png } from "./render/overlay.ts";
import { svg } from "./render/svg.ts";
import { visible } from "./render/text.ts";
import type { Prediction } from "./tasks/prediction.ts";
import { taskOf } from "./tasks/tasks.ts";

/** The command that runs, of which an error names the help. */
let running: string | undefined;

const AUTO = "auto"; // the method that a sample shows to be the most faithful

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [command, ...texts] = positionals;
  if (values.version) return print(`${await version()}\n`);
  if (values.help || (!command && !args.length)) return print(help(command));

  if (command === "help") return print(await helpAbout(texts));
  const allowed = commands.get(command);
  if (!allowed) {
    const near = command && meant(command, [...commands.keys(), "help"]);
    throw new Usage(command ? `there is no command ${quote(command)}${near}` : "missing command");
  }
  running = command;
  for (const name of Object.keys(values)) {
    if (!allowed.includes(name)) throw new Usage(`${command} has no option \`--${name}\`${meant(name, allowed)}`);
  }
  if (command === "completion") return print((await import("./cli/completion.ts")).completion(texts));
  if (command === "quantize") return await (await import("./cli/quantize.ts")).quantizeCommand(texts, values.to);
  if (command === "evaluate") {
    if (texts.length) throw new Usage("evaluate takes no text; it reads `--data`");
    const { evaluateCommand } = await import("./cli/evaluate.ts");
    const output = await evaluateCommand(values);
    return output === undefined ? undefined : await emit(values, output);
  }
  const text = textOf(command, texts, values);
  const format = formatOf(values);
  const by = byOf(values);
  const limit = integer("limit", values.limit, 1);
  const given = values.input === undefined ? undefined : ((await jsonFile(values.input)) as Input);
  const talk = values.messages === undefined ? undefined : await conversation(values.messages);
  const asked = await asks(values);
  if (command === "generate")
    drawing(values); // wrong options are errors before a model is loaded
  else checked("explain()", explainOptions, asked);
  if ((format === "html" || format === "svg") && Object.values(asked).some(Array.isArray)) {
    throw new Usage(`\`--format ${format}\` shows one explanation; the options request several`);
  }

  const model = await loaded(values);
  try {
    if (values.method === AUTO) {
      const { auto } = await import("./cli/auto.ts");
      asked.method = await auto(model, values.sample, (asked.at as ReadingPoint) ?? "embeddings");
    }
    // A class that is not there is wrong usage, for every line alike.
    const task = taskOf(model);
    if (isAll(asked, model.labels)) {
      if (!task.classes) throw new Usage("`--target all` needs a model with classes");
      asked.target = model.labels.map((_, i) => i);
    }
    if (task.classes) await task.targetWeights(model.labels, asked);
    if (command === "inspect") return await emit(values, inspect(model, format === "json"));
    type Told = Explanation | Attribution;
    type Answer = Prediction | Told | Told[];
    const answer = (texts: Input[], signal?: AbortSignal): Promise<Answer[]> =>
      command === "explain"
        ? model.explain(texts, { ...asked, signal } as ExplainOptions)
        : model.predict(texts, { ...asked, signal });
    if (values.jsonl) return await stream(answer);
    if (values.data !== undefined) {
      const { corpus } = await import("./cli/corpus.ts");
      return await corpus({ ...values, data: values.data, limit }, answer);
    }
    if (command === "generate") return await emit(values, await generated(model, talk ?? text, values, asked));
    const file = values.image === undefined ? undefined : await bytes(values.image);
    const input = file ?? given ?? (values.pair === undefined ? text : { text, pair: values.pair });
    if (command === "diagnose") return await emit(values, await diagnosed(model, input, values, asked));
    if (command === "lens") return await emit(values, await lensed(model, input, values, asked));
    const [result] = await answer([input]);
    if (format === "png") return await emit(values, png(result as Told, await picture(file!)));
    if (format === "json") return await emit(values, `${JSON.stringify(result, null, 2)}\n`);
    const toTerminal = values.out === undefined;
    if (command === "predict") return await emit(values, predictionText(result as Prediction));
    await emit(
      values,
      [result as Told | Told[]]
        .flat()
        .map((one) => render(one, format, toTerminal, { by, picture: file }))
        .join("\n"),
    );
  } finally {
    await model.dispose();
  }
}

/** Of `relprop help NAME`: a command's page, or an error code's cause and remedy. */
async function helpAbout([name, ...more]: string[]): Promise<string> {
  if (more.length) throw new Usage("help takes one command or error code");
  if (name === undefined || commands.has(name)) return help(name);
  const { errors } = await import("./cli/error_help.ts");
  const code = Object.keys(errors).find((code) => code.toLowerCase() === name.toLowerCase());
  if (code === undefined) throw new Usage(`there is no command or error code ${quote(name)}`);
  const { cause, remedy } = errors[code as ErrorCode];
  return `${code}: ${cause}\n${remedy}\n`;
}

/** The one text of a command line. */
function textOf(command: string, texts: string[], { jsonl, out, pair, image, input, messages, data }: Values): string {
  if (data !== undefined) {
    if (texts.length || jsonl || [pair, image, input].some((one) => one !== undefined))
      throw new Usage("`--data` excludes texts, `--pair`, `--image`, `--input` and `--jsonl`");
    return "";
  }
  if (messages !== undefined) {
    if (texts.length) throw new Usage("`--messages` excludes texts");
    return "";
  }
  if (input !== undefined) {
    if (texts.length || pair !== undefined || jsonl || image !== undefined)
      throw new Usage("`--input` excludes texts, `--pair`, `--image` and `--jsonl`");
    return "";
  }
  if (image !== undefined) {
    if (texts.length || pair !== undefined || jsonl)
      throw new Usage("`--image` excludes texts, `--pair` and `--jsonl`");
    return "";
  }
  if (command === "inspect" || jsonl) {
    if (texts.length)
      throw new Usage(jsonl ? "`--jsonl` takes no text; it reads standard input" : "inspect takes no text");
    if (jsonl && pair !== undefined)
      throw new Usage("`--pair` needs a text; with `--jsonl` each line has its own pair");
    if (jsonl && out !== undefined)
      throw new Usage("`--jsonl` writes to standard output; redirect it instead of `--out`");
    return "";
  }
  if (texts.length === 1) return noFile(command, texts[0]);
  throw new Usage(texts.length ? "more than one text: put the text in quotes" : `${command} needs a text`);
}

/** The text; one that is the name of a file is hardly meant as a text. */
function noFile(command: string, text: string): string {
  const [, kind] = /\.(csv|tsv|jsonl|txt|json|png|jpe?g)$/i.exec(text) ?? [];
  if (kind === undefined || /\n/.test(text) || !existsSync(text)) return text;
  const instead = /png|jp/i.test(kind)
    ? `--image ${text}`
    : /jsonl/i.test(kind)
      ? `--jsonl < ${text}`
      : /csv|tsv/i.test(kind)
        ? `--data ${text}`
        : `"$(cat ${text})"`;
  throw new Usage(`${quote(text)} is a file, and ${command} takes a text: use ${instead}`);
}

/** --target all: each class, unless one is called so. */
const isAll = ({ target }: { target?: unknown }, labels: readonly string[]) =>
  target === "all" && !labels.includes("all");

const formats = ["text", "html", "svg", "png", "json"] as const;
type Format = (typeof formats)[number];

function formatOf({ json, jsonl, format, image, out }: Values): Format {
  if (format === "png" && (image === undefined || out === undefined)) {
    throw new Usage("`--format png` needs `--image` and `--out FILE`");
  }
  if ((json || jsonl) && format !== undefined && format !== "json")
    throw new Usage(`\`--format ${format}\` excludes \`--json\` and \`--jsonl\``);
  const chosen = formats.find((one) => one === (json ? "json" : (format ?? "text")));
  if (!chosen) throw new Usage(`there is no format ${quote(format)}, only ${formats.join(", ")}`);
  return chosen;
}

/** What has one colour: --by, by default the groups that are asked for. */
function byOf({ by, groups }: Values): By | undefined {
  if (by === "groups" && groups === undefined) throw new Usage("`--by groups` needs `--groups`");
  if (by === undefined) return groups === undefined ? undefined : "groups";
  const known = ["words", "tokens", "groups"] as const;
  const found = known.find((one) => one === by);
  if (!found) throw new Usage(`\`--by\` is ${known.join(", ")}, not ${quote(by)}`);
  return found;
}

/** The options of explain(), checked before a model is loaded. */
async function asks(values: Values): Promise<ExplainOptions | ExplainLists> {
  if (values.composite !== undefined && values.method !== undefined) {
    throw new Usage("`--method` and `--composite` exclude each other");
  }
  const wanted = values.composite === undefined ? await methodsOf(values.method) : await jsonFile(values.composite);
  if (wanted !== AUTO) {
    await checkMethods(listed(wanted));
    if (values.sample !== undefined) throw new Usage("`--sample` needs `--method auto`");
  } else if (values.at?.includes(",")) throw new Usage("`--method auto` needs one reading point");
  const { at, target, contrast, truncate, layers, groups, heads, pairs, experts, interactions, pixels, token } = values;
  const neurons = integer("neurons", values.neurons, 1);
  const breakdown = { layers, groups, heads, neurons, pairs, experts, interactions };
  const { groups: _, ...others } = breakdown; // renderers draw groups
  const some = Object.entries(others).find(([, value]) => value !== undefined);
  if (some && !values.jsonl && values.data === undefined && formatOf(values) !== "json")
    throw new Usage(`\`--${some[0]}\` needs \`--json\``);
  const asked = {
    ...changes(values),
    ...breakdown,
    pixels,
    positional: values.positional,
    objective: objectiveOf(values),
    token: token !== undefined && /^\d+$/.test(token) ? Number(token) : token,
    continuation: values.continuation,
    each: values.each,
    method: wanted,
    at: alone(at?.split(",")),
    target: alone(target),
    contrast: alone(contrast),
    truncate,
  };
  return asked as ExplainOptions | ExplainLists;
}

/** What is explained of the logits: --objective, --cosine or --dot. */
function objectiveOf({ objective, cosine, dot }: Values): ExplainOptions["objective"] {
  const given = [objective, cosine, dot].filter((one) => one !== undefined);
  if (given.length > 1) throw new Usage("`--objective`, `--cosine` and `--dot` exclude each other");
  if (cosine !== undefined) return { cosine };
  return dot === undefined ? (objective as ExplainOptions["objective"]) : { dot };
}

async function bytes(file: string): Promise<Uint8Array> {
  try {
    return await contents(file);
  } catch (cause) {
    throw new RelpropError("InvalidInput", `${quote(file)} cannot be read: ${(cause as Error).message}`, {}, cause);
  }
}

function render(
  explanation: Explanation | Attribution,
  format: Format,
  toTerminal: boolean,
  how: FigureOptions,
): string {
  if (format === "html") return html(explanation, how);
  if (format === "svg") return svg(explanation, how);
  return ansi(explanation, { ...paint(toTerminal), by: how.by });
}

async function version(): Promise<string> {
  return JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")).version;
}

async function emit({ out }: Values, content: string | Uint8Array): Promise<void> {
  if (out === undefined) return print(String(content));
  await save(out, content);
}

quiet();
main(process.argv.slice(2)).catch((error: unknown) => {
  const usage = error instanceof Usage || (error instanceof RelpropError && error.code === "InvalidOption");
  const code = error instanceof RelpropError ? ` (${error.code})` : "";
  const message =
    error instanceof Usage || error instanceof Failed || error instanceof RelpropError
      ? error.message
      : String((error as Error)?.stack);
  process.stderr.write(`relprop: ${visible(message, "\n")}${code}\n`);
  if (usage) process.stderr.write(`relprop ${running === undefined ? "" : `${running} `}--help shows its usage\n`);
  else if (error instanceof RelpropError) process.stderr.write(`relprop help ${error.code} shows its remedy\n`);
  process.exitCode = usage ? 2 : 1;
});
