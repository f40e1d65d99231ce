// Documents that are generated are what `npm run docs` writes; help has every name of the tables.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sections } from "../docs/.vitepress/sections.ts";
import { exported } from "../docs/api.ts";
import { entries, pages } from "../docs/pages.ts";
import { methodNames } from "../src/attribution/names.ts";
import { help } from "../src/cli/help.ts";
import { commands } from "../src/cli/options.ts";
import { protocols } from "../src/evaluate/protocols.ts";

const test = suite("documents");

for (const [path, expected] of await pages()) {
  test(`${path} is as \`npm run docs:write\` writes it`, () => {
    const url = new URL(`../${path}`, import.meta.url);
    const actual = existsSync(url) ? readFileSync(url, "utf8") : "";
    const [there, wanted] = [actual, expected].map((text) => text.split("\n"));
    const line = wanted.findIndex((text, i) => text !== there[i]);
    assert.ok(
      actual === expected,
      `${path}, line ${line + 1}: \`npm run docs:write\` writes "${wanted[line]}", not "${there[line]}"`,
    );
  });
}

test("help names every method, protocol and option of a command", () => {
  const explain = help("explain");
  const missing = methodNames.filter((name) => !new RegExp(`\\b${name}\\b`).test(explain));
  assert.equal(missing, [], "methods");
  const evaluate = help("evaluate");
  assert.equal(
    [...protocols.keys()].filter((name) => !evaluate.includes(name)),
    [],
    "protocols",
  );
  for (const [command, options] of commands) {
    const page = help(command);
    assert.equal(
      options.filter((option) => !new RegExp(`--${option}\\b`).test(page)),
      [],
      command,
    );
  }
});

test("every page of docs/ is in the site's list of pages, and none is listed that is not there", () => {
  const docs = new URL("../docs/", import.meta.url);
  const files = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".md") && !/node_modules|^public/.test(path),
  );
  const there = files.map((path) => `/${path.replace(/(^index)?\.md$/, "")}`);
  const listed = sections.flatMap(({ items }) => items.map(({ link }) => link));
  assert.equal(there.sort(), listed.sort());
});

test("README.md has at most 150 lines, and says what LXT's authors state of patents", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  assert.ok(readme.split("\n").length <= 151, "new text goes to docs/");
  assert.match(readme, /authors of LXT[^.]*state that LRP is patented and free only for personal and scientific use/);
});

for (const [name, entry] of Object.entries(entries)) {
  test(`every export of ${name} is described, with its members; functions name what they throw`, () => {
    const lacking: string[] = [];
    for (const { name, kind, text, declaration } of exported(entry)) {
      if (text.length < 15) lacking.push(name);
      if (kind === "function" && !text.includes("**Throws:**")) lacking.push(`${name}: @throws`);
      if (kind === "type") continue;
      const lines = declaration.split("\n");
      // Of overloads the first has the description.
      for (const [i, line] of lines.entries()) {
        const member = /^ {4}(?:readonly )?(\w+)\??[:(]/.exec(line)?.[1];
        const above =
          lines
            .slice(0, i)
            .reverse()
            .find((text) => !/^ {5}|^ {4}[})]/.test(text) || text.includes("*/")) ?? "";
        if (member && !above.includes("*/") && !above.startsWith(`    ${member}(`)) lacking.push(`${name}.${member}`);
      }
    }
    assert.equal(lacking, []);
  });
}

test("each option that is a number, a switch or a name says its default", () => {
  const lacking = Object.values(entries).flatMap((entry) =>
    exported(entry)
      .filter(({ name, kind }) => kind === "interface" && name.endsWith("Options"))
      .flatMap(({ name, declaration }) =>
        [
          ...declaration.matchAll(
            /^ {4}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\s+(?:readonly )?(\w+)\?: (number|boolean|true|")/gm,
          ),
        ]
          .filter(([, description = ""]) => !/default|\bwithout\b|otherwise/i.test(description))
          .map(([, , member]) => `${name}.${member}`),
      ),
  );
  assert.equal(lacking, []);
});

test.run();
