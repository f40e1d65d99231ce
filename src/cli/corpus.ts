// explain --data: the rows of a table, each as a line of JSON; what is there already is not done again.

import { appendFile, readFile, truncate } from "node:fs/promises";
import { quote } from "../errors.ts";
import { formatOf, readExamples } from "../evaluate/examples.ts";
import { content } from "./data.ts";
import { progress } from "./evaluate.ts";
import { type Answers, answerLines } from "./stream.ts";
import { interrupt, print } from "./terminal.ts";
import { Failed, Usage } from "./usage.ts";

const TOGETHER = 32; // rows of a batch

interface Asked {
  data: string;
  column?: string;
  label?: string;
  limit?: number;
  out?: string;
}

/** Writes { row, label?, … } for each row, to a file that an interrupted run goes on with, or to standard output. */
export async function corpus({ data, column, label, limit, out }: Asked, answer: Answers): Promise<void> {
  const rows = readExamples(await content(data), formatOf(data), { text: column, label }).slice(0, limit);
  const texts = rows.map(({ text }) => text);
  const signal = interrupt();
  const done = out === undefined ? 0 : await finished(out, texts);
  for (let from = done; from < rows.length && !signal.aborted; from += TOGETHER) {
    const group = rows.slice(from, from + TOGETHER);
    const results = await answerLines(
      group.map(({ text }, i) => ({ number: from + i + 1, text })),
      answer,
      signal,
    );
    if (signal.aborted) break;
    const lines = results.map((result, i) => {
      const { label } = group[i];
      return `${JSON.stringify({ row: from + i + 1, ...(label !== undefined && { label }), ...result })}\n`;
    });
    if (out === undefined) await print(lines.join(""));
    else await written(out, appendFile(out, lines.join("")));
    progress({ done: from + group.length, total: rows.length });
  }
  if (signal.aborted && out !== undefined)
    process.stderr.write("\nrelprop: stopped; the same command goes on where it was\n");
}

/** How many rows a file has; a line that was broken off is cut off. Throws `Usage` where the file is of other rows. */
async function finished(out: string, texts: readonly string[]): Promise<number> {
  await written(out, appendFile(out, "")); // throws before anything runs
  const bytes = await readFile(out);
  const whole = bytes.lastIndexOf(10) + 1;
  const lines = bytes.subarray(0, whole).toString().split("\n").slice(0, -1);
  const isOwn = (line: string, i: number) => {
    try {
      const { row, text, explanations, error } = JSON.parse(line);
      return row === i + 1 && (error !== undefined || (explanations?.[0].text ?? text) === texts[i]);
    } catch {
      return false;
    }
  };
  const wrong = lines.findIndex((line, i) => !isOwn(line, i));
  if (wrong >= 0) throw new Usage(`line ${wrong + 1} of ${quote(out)} is not of these data; choose another \`--out\``);
  if (whole < bytes.length) await written(out, truncate(out, whole));
  return lines.length;
}

async function written(path: string, writing: Promise<void>): Promise<void> {
  await writing.catch((error) => {
    throw new Failed(`${quote(path)} cannot be written: ${error.message}`);
  });
}
