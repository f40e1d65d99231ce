#!/usr/bin/env node

// relprop in a shell: explain, predict, generate, diagnose, lens, evaluate, inspect, quantize. Exit status 0; 1 for a failed run;
// 2 for wrong usage.

import { readFile } from "node:fs/promises";
import type { Attribution } from "./attribution/attribution.ts";
import { diagnosed } from "./cli/diagnose.ts";
import { AUTO, asks, isAll } from "./cli/explain.ts";
import { byOf, formatOf, render } from "./cli/format.ts";
import { conversation, drawing, generated } from "./cli/generate.ts";
import { help } from "./cli/help.ts";
import { inspect } from "./cli/inspect.ts";
import { lensed } from "./cli/lens.ts";
import { jsonFile } from "./cli/methods.ts";
import { loaded } from "./cli/model.ts";
import { integer } from "./cli/numbers.ts";
import { commands, meant, parse, type Values } from "./cli/options.ts";
import { predictionText } from "./cli/prediction.ts";
import { contents } from "./cli/read.ts";
import { save } from "./cli/save.ts";
import { stream } from "./cli/stream.ts";
import { print, quiet } from "./cli/terminal.ts";
import { textOf } from "./cli/text.ts";
import { Failed, Usage } from "./cli/usage.ts";
import { type ErrorCode, quote, RelpropError } from "./errors.ts";
import type { Explanation } from "./explain/explanation.ts";
import { type ExplainOptions, explainOptions } from "./explain/options.ts";
import type { Input } from "./inputs/encoded.ts";
import { picture } from "./inputs/images/picture.ts";
import type { ReadingPoint } from "./models/family.ts";
import { checked } from "./options/kinds.ts";
import { png } from "./render/overlay.ts";
import { visible } from "./render/text.ts";
import type { Prediction } from "./tasks/prediction.ts";
import { taskOf } from "./tasks/tasks.ts";

/** The command that runs, of which an error names the help. */
let running: string | undefined;

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

async function bytes(file: string): Promise<Uint8Array> {
  try {
    return await contents(file);
  } catch (cause) {
    throw new RelpropError("InvalidInput", `${quote(file)} cannot be read: ${(cause as Error).message}`, {}, cause);
  }
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
