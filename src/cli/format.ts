// The form of the output: --format, --json, --by.

import type { Attribution } from "../attribution/attribution.ts";
import { quote } from "../errors.ts";
import type { Explanation } from "../explain/explanation.ts";
import { ansi } from "../render/ansi.ts";
import { html } from "../render/html.ts";
import type { By, FigureOptions } from "../render/options.ts";
import { svg } from "../render/svg.ts";
import type { Values } from "./options.ts";
import { paint } from "./terminal.ts";
import { Usage } from "./usage.ts";

const formats = ["text", "html", "svg", "png", "json"] as const;
export type Format = (typeof formats)[number];

export function formatOf({ json, jsonl, format, image, out }: Values): Format {
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
export function byOf({ by, groups }: Values): By | undefined {
  if (by === "groups" && groups === undefined) throw new Usage("`--by groups` needs `--groups`");
  if (by === undefined) return groups === undefined ? undefined : "groups";
  const known = ["words", "tokens", "groups"] as const;
  const found = known.find((one) => one === by);
  if (!found) throw new Usage(`\`--by\` is ${known.join(", ")}, not ${quote(by)}`);
  return found;
}

/** One explanation as text for a terminal, HTML or SVG. */
export function render(
  explanation: Explanation | Attribution,
  format: Format,
  toTerminal: boolean,
  how: FigureOptions,
): string {
  if (format === "html") return html(explanation, how);
  if (format === "svg") return svg(explanation, how);
  return ansi(explanation, { ...paint(toTerminal), by: how.by });
}
