// The one text of a command line, and what excludes it.

import { existsSync } from "node:fs";
import { quote } from "../errors.ts";
import type { Values } from "./options.ts";
import { Usage } from "./usage.ts";

/** The one text of a command line. */
export function textOf(
  command: string,
  texts: string[],
  { jsonl, out, pair, image, input, messages, data }: Values,
): string {
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
