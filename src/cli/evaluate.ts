// relprop evaluate: the data, the journal and the progress bar of a shell.

import { appendFile } from "node:fs/promises";
import { quote, RelpropError } from "../errors.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import { formatOf, readExamples } from "../evaluate/examples.ts";
import type { Journal } from "../evaluate/journal.ts";
import type { EvaluateOptions } from "../evaluate/options.ts";
import { plot } from "../evaluate/plot.ts";
import type { ProtocolName } from "../evaluate/protocol.ts";
import { protocol } from "../evaluate/protocols.ts";
import { randomized } from "../evaluate/randomized.ts";
import { table } from "../evaluate/table.ts";
import type { ReadingPoint } from "../models/family.ts";
import { visible } from "../render/text.ts";
import { load } from "../runtime/load.ts";
import type { Model } from "../runtime/model.ts";
import { content } from "./data.ts";
import { methodList } from "./methods.ts";
import { loaded, sourceOf } from "./model.ts";
import { integer } from "./numbers.ts";
import { contents } from "./read.ts";
import { save } from "./save.ts";
import { interrupt } from "./terminal.ts";

export interface Asked {
  model?: string;
  backend?: string;
  offline?: boolean;
  column?: string;
  label?: string;
  data?: string;
  protocol?: string;
  methods?: string;
  baseline?: string;
  at?: string;
  limit?: string;
  seed?: string;
  journal?: string;
  plot?: string;
  truncate?: boolean;
  json?: boolean;
}

/** What is to be printed, unless it was stopped. */
export async function evaluateCommand(asked: Asked): Promise<string | undefined> {
  const { data, truncate, baseline, column: text, label } = asked;
  const name = (asked.protocol ?? "ali2022") as ProtocolName; // protocol() refuses others
  if (data === undefined) throw new RelpropError("InvalidOption", "evaluate needs `--data FILE`");
  const how = protocol(name);
  const [limit, seed] = [integer("limit", asked.limit, 1), integer("seed", asked.seed, 0) ?? 0];
  if (asked.plot !== undefined && !how.axis) throw new RelpropError("InvalidOption", `${name} has no curves to plot`);
  const examples = readExamples(await content(data), formatOf(data), { text, label }).slice(0, limit);

  const models: Model[] = [];
  const signal = interrupt();
  try {
    const model = await loaded(asked, signal);
    models.push(model);
    if (how.randomized) {
      for await (const files of randomized(sourceOf(asked.model), { seed, signal })) {
        models.push(await load(files, { backend: model.backend, signal }));
      }
    }
    const evaluation = await evaluate(model, examples, {
      protocol: name,
      methods: (asked.methods && methodList(asked.methods)) as EvaluateOptions["methods"],
      at: asked.at as ReadingPoint | undefined,
      seed,
      baseline,
      truncate,
      randomized: models.slice(1),
      journal: asked.journal === undefined ? undefined : file(asked.journal),
      onProgress: progress,
      signal,
    });
    if (asked.plot !== undefined) await save(asked.plot, plot(evaluation));
    return asked.json ? `${JSON.stringify(evaluation, null, 2)}\n` : table(evaluation);
  } catch (error) {
    if (!signal.aborted) throw error;
    const kept =
      asked.journal === undefined ? "with --journal it could be resumed" : `${asked.journal} has the finished examples`;
    process.stderr.write(`\nrelprop: stopped; ${visible(kept)}\n`);
    return undefined;
  } finally {
    for (const model of models) await model.dispose();
  }
}

async function written(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (cause) {
    throw new RelpropError("InvalidOption", `${quote(path)} cannot be written: ${(cause as Error).message}`, {}, cause);
  }
}

/** A file that is made when first needed, and only ever grows. */
function file(path: string): Journal {
  return {
    async read() {
      await written(path, appendFile(path, "")); // throws before anything runs
      const bytes = await contents(path).catch((cause) => {
        throw new RelpropError("InvalidOption", `${quote(path)} cannot be read: ${cause.message}`, {}, cause);
      });
      return new TextDecoder().decode(bytes);
    },
    append: (text) => written(path, appendFile(path, text)),
  };
}

let begun: { at: number; done: number } | undefined;

/** A bar on standard error, if that is a terminal. */
export function progress({ done, total }: { done: number; total: number }): void {
  if (!process.stderr.isTTY) return;
  begun ??= { at: performance.now(), done };
  const width = 30;
  const filled = Math.round((width * done) / total);
  const left = ((performance.now() - begun.at) / 1000 / (done - begun.done)) * (total - done);
  const rate = (done - begun.done) / ((performance.now() - begun.at) / 1000);
  const rest = Number.isFinite(left) && done < total ? `, ${rate.toPrecision(3)}/s, ${Math.ceil(left)} s left` : "";
  const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)} ${done}/${total}${rest}`;
  process.stderr.write(`\r\u001b[K${done < total ? bar : ""}`);
}
