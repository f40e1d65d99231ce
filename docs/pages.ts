// What is generated of the documents: tables between markers in pages of docs/, docs/errors.md and docs/declarations.txt.
// `npm run docs:write` writes it, test/docs.test.ts compares.

import { readdirSync, readFileSync } from "node:fs";
import { attributions } from "../src/attribution/methods.ts";
import { attributionNames } from "../src/attribution/names.ts";
import { errors } from "../src/cli/error_help.ts";
import { help } from "../src/cli/help.ts";
import { commands } from "../src/cli/options.ts";
import { protocols } from "../src/evaluate/protocols.ts";
import { nothing } from "../src/graph/ledger.ts";
import { type Composite, methods } from "../src/propagation/composites.ts";
import { apiPage } from "./api.ts";
import { declarations } from "./declarations.ts";
import { ledgerNotes } from "./tables/ledger.ts";
import { attributionNotes, sources } from "./tables/methods.ts";
import { models } from "./tables/models.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** The package's entries and their declarations. */
export const entries = {
  relprop: "dist/types/index.d.ts",
  "relprop/evaluate": "dist/types/evaluate.d.ts",
  "relprop/element": "dist/types/element.d.ts",
  "relprop/react": "dist/types/react.d.ts",
};

/** Each generated file's content by its path. */
export async function pages(): Promise<Map<string, string>> {
  const written = new Map([
    ["docs/errors.md", errorPage()],
    ["docs/reference/cli.md", commandLinePage()],
    ["docs/reference/api.md", apiPage(entries)],
    ["docs/declarations.txt", declarations(Object.values(entries))],
  ]);
  for (const [name, [page, table]] of Object.entries(await tables())) {
    const path = `docs/${page}.md`;
    written.set(path, between(path, written.get(path) ?? read(path), name, table));
  }
  return written;
}

/** A text with other lines between two comments of this name. */
function between(path: string, text: string, name: string, lines: string): string {
  const [start, end] = [`<!-- ${name}: npm run docs:write -->`, `<!-- ${name} ends -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no lines between ${start} and ${end}`);
  return `${text.slice(0, from)}${start}\n\n${lines}\n${text.slice(to)}`;
}

/** A table in Markdown, its columns as wide as their widest cell of some 60 characters. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, c) =>
    Math.max(...[head, ...rows].map((row) => (row[c].length > 60 ? 3 : row[c].length))),
  );
  const line = (cells: readonly string[]) => `| ${cells.map((cell, c) => cell.padEnd(widths[c])).join(" | ")} |\n`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("");
}

const code = (name: string) => `\`${name}\``;

/** The tables by name, each with the page that it stands in. */
async function tables(): Promise<Record<string, [page: string, table: string]>> {
  return {
    "model families": [
      "reference/models",
      table(
        ["`model_type`", "tasks", "notes"],
        (await models()).map(([types, tasks, note]) => [types.map(code).join(", "), tasks.join(", "), note]),
      ),
    ],
    "methods that propagate": [
      "understand/methods",
      table(
        ["method", "attention weights", "norms' deviation", "activations", "dense layers", "source"],
        [...methods].map(([name, composite]) => [code(name), ...rules(composite), sources[name]]),
      ),
    ],
    "other methods": [
      "understand/methods",
      table(
        ["method", "what, and its options", "defaults", "source"],
        attributionNames.map((name) => {
          const { what, source } = attributionNotes[name];
          const defaults = Object.entries(attributions[name].options).map(([option, value]) => `${option} ${value}`);
          return [code(name), what, defaults.join(", "), source];
        }),
      ),
    ],
    protocols: [
      "understand/faithfulness",
      table(
        ["`--protocol`", "what is measured", "metrics"],
        [...protocols].map(([name, { description, metrics }]) => [
          code(name),
          description,
          Object.keys(metrics).map(code).join(", "),
        ]),
      ),
    ],
    ledger: [
      "understand/ledger",
      `    logit = tokens + ${Object.keys(nothing).join(" + ")} + residual\n\n${table(
        ["entry", "what it holds", "by ops"],
        ["tokens", ...Object.keys(nothing), "residual"].map((entry) => {
          return [code(entry), ledgerNotes[entry as keyof typeof ledgerNotes], keepers(entry).join(", ")];
        }),
      )}`,
    ],
  };
}

/** What a composite does, in words. */
function rules({ context, scores, norm, activation, linear = "gradient" }: Composite): string[] {
  const shared = scores === "uniform" ? "shared in halves, softmax by its Taylor expansion" : "derivative";
  const [rule, options] = typeof linear === "string" ? [linear, {}] : linear;
  return [
    context === "values" ? "constant" : shared,
    norm === "identity" ? "constant" : "derivative",
    activation === "identity" ? "f(x)/x" : "derivative",
    rule === "gradient" ? "derivative" : `${rule} ${Object.values(options).join(", ")}`,
  ];
}

/** The files of src/ops with rules that keep something under this entry. */
function keepers(entry: string): string[] {
  const files = readdirSync(new URL("../src/ops/", import.meta.url)).sort();
  return files
    .filter((file) => read(`src/ops/${file}`).includes(`entry: "${entry}"`))
    .map((file) => code(file.slice(0, -3)));
}

function errorPage(): string {
  const section = (name: string, { cause, remedy }: { cause: string; remedy: string }) =>
    `## ${name}\n\n${cause}\n\n**Remedy:** ${remedy}\n`;
  const sections = Object.entries(errors).map(([name, help]) => section(name, help));
  return `# Error codes

Every error is a \`RelpropError\` with one of these codes as its \`code\`. Codes are stable, messages may improve. A message names the
field, file or option, and \`facts\` has data for programs. In a shell, \`relprop help CODE\` prints the section of a code.

${sections.join("\n")}`;
}

/** The pages of --help. */
function commandLinePage(): string {
  const page = (title: string, text: string) => `## ${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
  const all = [...commands.keys()].map((command) => page(`relprop ${command}`, help(command)));
  return `# Command line

What \`relprop --help\` and \`relprop COMMAND --help\` print. [Shell](../start/shell.md) has examples.

${[page("relprop", help(undefined)), ...all].join("\n")}`;
}
