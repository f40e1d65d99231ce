// The API reference: each exported name with its docstring and declaration, read from the declarations that `npm run build` leaves
// in dist/types. typedoc is not used: it reads sources by TypeScript's own API, which TypeScript 7 does not have.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";

/** An exported name: its docstring as Markdown, its declaration with the comments of its members, and what kind of thing it is. */
export interface Documented {
  name: string;
  kind: string;
  text: string;
  declaration: string;
}

const START = /^(?:export )?(?:declare )?(?:abstract )?(class|interface|type|const|function) ([\w$]+)/;

/** What an entry such as "dist/types/index.d.ts" exports, sorted by name. */
export function exported(entry: string): Documented[] {
  const names = [...passedOn(entry)].sort(([a], [b]) => (a < b ? -1 : 1));
  return names.map(([name, place]) => ({ ...declared(...place), name }));
}

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

/** The names that a file exports or imports from others, and where each is declared or passed on from. */
function passedOn(file: string): Map<string, [file: string, name: string]> {
  const found = new Map<string, [string, string]>();
  const code = read(file).replace(/\/\*[\s\S]*?\*\//g, "");
  for (const [, names, path] of code.matchAll(/^(?:import|export)(?: type)? \{([^}]*)\} from "(\.[^"]+)";/gm)) {
    const there = join(dirname(file), path.replace(/\.ts$/, ".d.ts"));
    for (const one of names.split(",")) {
      const [theirs, ours = theirs] = one
        .trim()
        .replace(/^type /, "")
        .split(" as ");
      if (theirs) found.set(ours, [there, theirs]);
    }
  }
  return found;
}

function declared(file: string, name: string): Documented {
  // Statements begin at the left, each behind its comment.
  const parts = read(file).split(/\n(?=(?:\/\*\*|export |declare |interface |type |const ))/);
  let comment = "";
  let kind = "";
  let text = "";
  let declaration = "";
  for (const part of parts) {
    const [, before = "", statement] = /^(\/\*\*[\s\S]*?\*\/\n?)?([\s\S]*)$/.exec(part) ?? [];
    const start = START.exec(statement);
    if (start?.[2] === name) {
      [, kind] = start;
      text ||= prose(before || comment);
      declaration += `${declaration && "\n"}${statement.trim()}`; // overloads
    }
    comment = statement.trim() ? "" : before;
  }
  if (declaration) return { name, kind, text, declaration: declaration.replace(/^export declare |^export /gm, "") };
  const next = passedOn(file).get(name);
  if (!next) throw new Error(`${file} does not declare ${name}`);
  return declared(...next);
}

/** A comment without its marks, its tags as Markdown. */
function prose(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/\s*$/g, "")
    .replace(/^ *\* ?/gm, "")
    .trim()
    .replace(/^@(\w+) /gm, (_, tag: string) => `\n**${tag[0].toUpperCase()}${tag.slice(1)}:** `);
}

/** The page. */
export function apiPage(entries: Readonly<Record<string, string>>): string {
  const isValue = ({ kind }: Documented) => kind === "function" || kind === "const" || kind === "class";
  const one = ({ name, text, declaration }: Documented) =>
    `### ${name}\n\n${text}\n\n\`\`\`ts\n${declaration}\n\`\`\`\n`;
  const sections = Object.entries(entries).map(([title, entry]) => {
    const all = exported(entry);
    const [values, types] = [all.filter(isValue), all.filter((one) => !isValue(one))];
    return `## ${title}\n\n${[...values, ...types].map(one).join("\n")}`;
  });
  return `# API

What the package exports: functions and classes first, then types. Relevance and logits are in the logit's unit; offsets are UTF-16
code units of the text. Every call rejects with a \`RelpropError\` ([codes](../errors.md)).

${sections.join("\n")}`;
}
